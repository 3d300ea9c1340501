package dev.ringside.link;

import dev.ringside.linux.Fd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
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

    /**
     * The same link for a port that another process has, too, and is going to close.
     *
     * @param shared what that port's {@link Port#share} has given; taken over
     * @throws IOException with a message for the user, if a port cannot be shared in this way
     */
    public Link join(String description, List<Fd> shared) throws IOException {
        if (description.startsWith("tap:") || description.startsWith("tapfd:")) {
            return TapLink.shared(description, shared);
        }
        shared.forEach(Fd::close);
        return open(description);
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
