package dev.ringside.link;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** All links of a process, made from what its user wrote. Those that many NICs share exist once. Not thread-safe. */
public final class Links {
    /** For usage messages. */
    public static final String SYNTAX = "user, tap:NAME, tapfd:N, switch, switch:NAME, stream:PATH, echo";

    private final Map<String, Link> shared = new LinkedHashMap<>();

    /**
     * The link of a description.
     *
     * @param description {@link #SYNTAX}
     * @throws IOException with a message for the user, if it makes no sense
     */
    public Link open(String description) throws IOException {
        int colon = description.indexOf(':');
        String kind = colon < 0 ? description : description.substring(0, colon);
        String rest = colon < 0 ? "" : description.substring(colon + 1);
        return switch (kind) {
            case "tap" -> TapLink.named(rest);
            case "tapfd" -> TapLink.inherited(number(description, rest));
            case "switch" -> shared.computeIfAbsent(description, SwitchLink::new);
            case "stream" -> stream(description, rest);
            case "user" -> new UserLink();
            case "echo" -> new EchoLink();
            default -> throw new IOException("link=" + description + ": a link is one of " + SYNTAX);
        };
    }

    private static Link stream(String description, String path) throws IOException {
        if (path.isEmpty()) {
            throw new IOException("link=" + description + ": the path of a socket is missing");
        }
        return new StreamLink(description, Path.of(path));
    }

    private static int number(String description, String digits) throws IOException {
        try {
            int fd = Integer.parseInt(digits);
            if (fd >= 0) {
                return fd;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new IOException("link=" + description + ": the number of a file descriptor is missing");
    }
}
