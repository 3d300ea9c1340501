package dev.ringside.app;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as QEMU writes them: bytes, or a number with one of the binary suffixes K, M, G and T. */
public final class ByteSize {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([KMGT]?)", Pattern.CASE_INSENSITIVE);

    private ByteSize() {}

    /**
     * Reads a size.
     *
     * @param option named in the complaint
     * @return in bytes, at least 0
     * @throws InvalidOptions if it is no size, or too large for 63 bits
     */
    public static long parse(String option, String value) throws InvalidOptions {
        Matcher matcher = SIZE.matcher(value);
        if (matcher.matches()) {
            long number = Long.parseLong(matcher.group(1));
            int shift = 10 * ("KMGT".indexOf(matcher.group(2).toUpperCase(Locale.ROOT)) + 1);
            if (matcher.group(2).isEmpty()) {
                return number;
            }
            if (number <= Long.MAX_VALUE >> shift) {
                return number << shift;
            }
        }
        throw new InvalidOptions(option + " wants a size such as 512M or 10G, not '" + value + "'");
    }
}
