package dev.ringside.fault;

/**
 * A guest or a front-end broke the rules. Carries no stack trace: a hostile peer can cause these at any rate, and
 * the message says what was wrong.
 */
public abstract sealed class PeerFault extends Exception permits ChainFault, RingFault, MessageFault {
    private static final long serialVersionUID = 1L;

    private final String message;

    PeerFault(String message) {
        super(message, null, false, false);
        this.message = message;
    }

    @Override
    public String getMessage() {
        return message;
    }
}
