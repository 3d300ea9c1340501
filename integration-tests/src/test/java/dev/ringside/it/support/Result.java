package dev.ringside.it.support;

/**
 * How a command ended.
 *
 * @param status its exit status
 * @param out what it said on stdout, without the last line's end
 * @param err the same of stderr
 */
public record Result(int status, String out, String err) {
    /**
     * Its stdout, for a command that has to succeed.
     *
     * @throws AssertionError if it has not
     */
    public String expectSuccess() {
        if (status != 0) {
            throw new AssertionError("a command failed: " + this);
        }
        return out;
    }

    @Override
    public String toString() {
        return "status " + status + "\n-- stdout\n" + out + "\n-- stderr\n" + err;
    }
}
