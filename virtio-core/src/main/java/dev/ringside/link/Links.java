package dev.ringside.link;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All links of a process, made from what its user wrote. Those that many NICs share exist once. Not thread-safe. */
public final class Links implements AutoCloseable {
    /** For usage messages. */
    public static final String SYNTAX = "tap:NAME, tapfd:N, switch, switch:NAME, echo";

    private final Map<String, Link> shared = new LinkedHashMap<>();
    private final List<Link> all = new ArrayList<>();

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
        Link link = switch (kind) {
            case "tap" -> TapLink.named(rest);
            case "tapfd" -> TapLink.inherited(number(description, rest));
            case "switch" -> shared.computeIfAbsent(description, SwitchLink::new);
            case "echo" -> new EchoLink();
            default -> throw new IOException("link=" + description + ": a link is one of " + SYNTAX);
        };
        all.add(link);
        return link;
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

    /** Closes all links; every port has been closed before. */
    @Override
    public void close() {
        all.forEach(Link::close);
        all.clear();
        shared.clear();
    }
}
