package dev.ringside.bench;

/** What went wrong, in one line for the user. */
public class BenchException extends Exception {
    private static final long serialVersionUID = 1L;

    /** @param message for the user */
    public BenchException(String message) {
        super(message);
    }

    /** @param message for the user */
    public BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
