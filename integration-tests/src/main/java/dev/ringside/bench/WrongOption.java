package dev.ringside.bench;

/** An option of the command line that cannot be meant so. */
public final class WrongOption extends BenchException {
    private static final long serialVersionUID = 1L;

    /** @param message names the option */
    public WrongOption(String message) {
        super(message);
    }
}
