package dev.ringside.vfiouser;

import dev.ringside.fault.MessageFault;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads the JSON (RFC 8259) of a VERSION message, which is a client's: objects become {@code Map}s, integers {@code Long}s,
 * strings {@code String}s and booleans {@code Boolean}s; everything else is passed over, as {@link #OTHER}.
 */
final class Json {
    /** A value of a kind that VERSION has no use for. */
    static final Object OTHER = new Object();

    private static final int MAX_DEPTH = 8;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * Reads a text that is one object.
     *
     * @throws MessageFault if it is not
     */
    static Map<?, ?> object(String text) throws MessageFault {
        Json json = new Json(text);
        Object value = json.value(0);
        json.skipSpace();
        if (!(value instanceof Map<?, ?> object) || json.at != text.length()) {
            throw json.fault();
        }
        return object;
    }

    private MessageFault fault() {
        return new MessageFault("capabilities are no JSON object, at character " + at);
    }

    private char peek() throws MessageFault {
        skipSpace();
        if (at == text.length()) {
            throw fault();
        }
        return text.charAt(at);
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private void expect(char c) throws MessageFault {
        if (peek() != c) {
            throw fault();
        }
        at++;
    }

    private boolean skipIf(char c) throws MessageFault {
        boolean there = peek() == c;
        if (there) {
            at++;
        }
        return there;
    }

    private Object value(int depth) throws MessageFault {
        if (depth > MAX_DEPTH) {
            throw fault();
        }
        return switch (peek()) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            default -> word();
        };
    }

    private Map<String, Object> object(int depth) throws MessageFault {
        Map<String, Object> object = new HashMap<>();
        expect('{');
        if (skipIf('}')) {
            return object;
        }
        do {
            String key = string();
            expect(':');
            object.put(key, value(depth + 1));
        } while (skipIf(','));
        expect('}');
        return object;
    }

    private Object array(int depth) throws MessageFault {
        expect('[');
        if (skipIf(']')) {
            return OTHER;
        }
        do {
            value(depth + 1);
        } while (skipIf(','));
        expect(']');
        return OTHER;
    }

    /** Escapes stay as they are written: no name that is looked for has any. */
    private String string() throws MessageFault {
        expect('"');
        int start = at;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        if (at >= text.length()) {
            throw fault();
        }
        return text.substring(start, at++);
    }

    private Object word() throws MessageFault {
        int start = at;
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at)) || "+-.".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        String word = text.substring(start, at);
        if (word.matches("-?[0-9]{1,18}")) {
            return Long.valueOf(word);
        }
        if (word.matches("-?[0-9][-+.0-9eE]*") || word.equals("null")) {
            return OTHER;
        }
        return switch (word) {
            case "true" -> true;
            case "false" -> false;
            default -> throw fault();
        };
    }
}
