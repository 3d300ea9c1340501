package dev.ringside.blk.storage.nbd;

import java.io.IOException;

/** The server broke the protocol, or refused what we cannot do without. The connection is given up. */
final class ServerFault extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param message for the log, one line */
    ServerFault(String message) {
        super(message);
    }

    /** A server can cause these at any rate, and the message says what was wrong. */
    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
