package dev.ringside.emulated;

import dev.ringside.app.DeviceOptions;
import dev.ringside.app.InvalidOptions;
import dev.ringside.app.Loops;
import dev.ringside.channel.SocketServer;
import dev.ringside.e1000.E1000;
import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.link.Port;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.vfiouser.VfioUserServer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of one card. */
final class E1000Options extends DeviceOptions {
    @Option(
            names = "--link",
            paramLabel = "LINK",
            defaultValue = "echo",
            description = "Where frames go: " + Links.SYNTAX + " (default: ${DEFAULT-VALUE}).")
    private String link = "";

    @Option(
            names = "--mac",
            paramLabel = "ADDRESS",
            description = "The card's station address (default: one in QEMU's range that follows from the socket).")
    private @Nullable String mac;

    private final Links links;
    private @Nullable Link opened;
    private @Nullable Port port;

    /** @param links of the whole program */
    E1000Options(Links links) {
        this.links = links;
    }

    @Override
    protected void check() throws InvalidOptions {
        super.check();
        if (mac != null) {
            StationAddress.parse(mac);
        }
    }

    @Override
    protected SocketServer createServer(Loops loops) throws IOException {
        String name = "emulated-e1000 " + link;
        Link chosen = links.open(link);
        opened = chosen;
        Port plugged = chosen.attach(new Link.Nic(name, 1, 0));
        port = plugged;
        DeviceLoop loop = loops.forNextDevice().getFirst();
        return new VfioUserServer(new E1000(name, address(), plugged, loop), loop);
    }

    private byte[] address() throws IOException {
        try {
            return mac == null ? StationAddress.derivedFrom(toString()) : StationAddress.parse(mac);
        } catch (InvalidOptions e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    protected void release() {
        if (port != null) {
            port.close();
        }
        if (opened != null) {
            opened.close();
        }
    }
}
