package dev.ringside.blk.storage.nbd;

import dev.ringside.app.InvalidOptions;
import dev.ringside.linux.UnixSocket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where an export is (NBD URI specification): {@code nbd://HOST[:PORT]/EXPORT} or {@code
 * nbd+unix:///EXPORT?socket=PATH}. An export without a name is the server's default.
 *
 * @param host name or address; {@code null} for a Unix domain socket
 * @param port of TCP
 * @param socket path of a Unix domain socket; {@code null} for TCP
 * @param export name, perhaps empty
 */
public record NbdUri(
        @Nullable String host, int port, @Nullable String socket, String export) {
    private static final String TCP = "nbd";
    private static final String UNIX = "nbd+unix";
    private static final int DEFAULT_PORT = 10809;
    private static final String SOCKET_KEY = "socket=";

    /** The longest export name that a server must accept (protocol: "String values"). */
    private static final int MAX_EXPORT_BYTES = 4096;

    /** Whether a value means an export rather than a file. */
    public static boolean isNbd(String value) {
        return value.startsWith(TCP + "://") || value.startsWith(UNIX + "://");
    }

    /**
     * Reads a URI.
     *
     * @param option named in the complaint
     * @throws InvalidOptions if it is none, or one that makes no sense
     */
    public static NbdUri parse(String option, String value) throws InvalidOptions {
        URI uri;
        try {
            uri = new URI(value);
        } catch (URISyntaxException e) {
            throw invalid(option, value, e.getReason());
        }
        String path = uri.getPath();
        String export = path == null || path.isEmpty() ? "" : path.substring(1);
        if (export.getBytes(StandardCharsets.UTF_8).length > MAX_EXPORT_BYTES) {
            throw invalid(option, value, "the export's name is longer than " + MAX_EXPORT_BYTES + " bytes");
        }
        if (uri.getFragment() != null || uri.getUserInfo() != null) {
            throw invalid(option, value, "a user or a fragment means nothing here");
        }
        return UNIX.equals(uri.getScheme()) ? unix(option, value, uri, export) : tcp(option, value, uri, export);
    }

    private static NbdUri tcp(String option, String value, URI uri, String export) throws InvalidOptions {
        String host = uri.getHost();
        if (host == null) {
            throw invalid(option, value, "no host is named");
        }
        if (uri.getRawQuery() != null) {
            throw invalid(option, value, "a query means nothing here");
        }
        int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
        if (port == 0 || port > 0xffff) {
            throw invalid(option, value, "port " + port + " cannot be");
        }
        boolean bracketed = host.startsWith("[");
        return new NbdUri(bracketed ? host.substring(1, host.length() - 1) : host, port, null, export);
    }

    private static NbdUri unix(String option, String value, URI uri, String export) throws InvalidOptions {
        String query = uri.getRawQuery();
        if (uri.getRawAuthority() != null) {
            throw invalid(option, value, "nbd+unix names no host, so three slashes follow its colon");
        }
        if (query == null || !query.startsWith(SOCKET_KEY) || query.contains("&")) {
            throw invalid(option, value, "it wants ?socket=PATH");
        }
        // Not the form encoding: a plus sign is a plus sign.
        String encoded = query.substring(SOCKET_KEY.length()).replace("+", "%2B");
        String socket = URLDecoder.decode(encoded, StandardCharsets.UTF_8);
        int bytes = socket.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > UnixSocket.MAX_PATH_BYTES) {
            throw invalid(option, value, "a socket's path has 1 to " + UnixSocket.MAX_PATH_BYTES + " bytes");
        }
        return new NbdUri(null, 0, socket, export);
    }

    private static InvalidOptions invalid(String option, String value, String why) {
        return new InvalidOptions(option + " wants nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH, not '"
                + value + "': " + why);
    }

    /**
     * The address to connect to. Asks the resolver, and so may block.
     *
     * @throws IOException if the host is unknown
     */
    SocketAddress resolve() throws IOException {
        if (socket != null) {
            return new DomainSocketAddress(socket);
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new IOException("host " + host + " is unknown");
        }
        return address;
    }

    /** For log lines: where it is, without the export. */
    String server() {
        return socket != null ? socket : host + ":" + port;
    }

    @Override
    public String toString() {
        String place = socket != null ? UNIX + ":///" + export + "?" + SOCKET_KEY + socket : null;
        return place != null ? place : TCP + "://" + server() + "/" + export;
    }
}
