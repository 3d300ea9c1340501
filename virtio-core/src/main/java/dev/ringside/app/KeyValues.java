package dev.ringside.app;

import java.util.ArrayList;
import java.util.List;

/** The parts of an option value such as {@code a=1,b=2}, where a doubled comma stands for one, as in QEMU. */
final class KeyValues {
    private KeyValues() {}

    /** Splits at single commas; empty parts are left out. */
    static List<String> split(String value) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c != ',') {
                part.append(c);
            } else if (i + 1 < value.length() && value.charAt(i + 1) == ',') {
                part.append(c);
                i++;
            } else {
                addUnlessEmpty(parts, part);
            }
        }
        addUnlessEmpty(parts, part);
        return parts;
    }

    private static void addUnlessEmpty(List<String> parts, StringBuilder part) {
        if (!part.isEmpty()) {
            parts.add(part.toString());
            part.setLength(0);
        }
    }
}
