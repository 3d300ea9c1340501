package dev.ringside.app;

/** The command line asks for something that makes no sense. The message names the option. */
public final class InvalidOptions extends Exception {
    private static final long serialVersionUID = 1L;

    private final String message;

    /** @param message one line, for the user */
    public InvalidOptions(String message) {
        super(message);
        this.message = message;
    }

    @Override
    public String getMessage() {
        return message;
    }
}
