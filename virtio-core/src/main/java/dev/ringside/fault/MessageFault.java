package dev.ringside.fault;

/**
 * A message from a front-end that breaks its protocol or asks for something impossible. The message has no effect; it
 * is refused where the protocol has a way to say so, and otherwise ends that one connection.
 */
public final class MessageFault extends PeerFault {
    private static final long serialVersionUID = 1L;

    /** @param message what was wrong, with the offending values */
    public MessageFault(String message) {
        super(message);
    }
}
