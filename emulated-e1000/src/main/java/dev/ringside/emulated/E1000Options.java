package dev.ringside.emulated;

import dev.ringside.app.DeviceOptions;
import dev.ringside.app.InvalidOptions;
import dev.ringside.app.Loops;
import dev.ringside.channel.SocketServer;
import dev.ringside.e1000.E1000;
import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.link.MacAddress;
import dev.ringside.link.PcapLink;
import dev.ringside.link.Port;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.vfiouser.VfioUserServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of one card. */
final class E1000Options extends DeviceOptions {
    private static final int MAX_VLAN = 4094;

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

    @Option(
            names = "--vlan",
            paramLabel = "ID",
            defaultValue = "0",
            description = "With a switch: the VLAN of the card's port (default: ${DEFAULT-VALUE}).")
    private int vlan;

    @Option(
            names = "--pcap",
            paramLabel = "FILE",
            description = "Write what passes into this file, for tshark or Wireshark.")
    private @Nullable Path pcap;

    private final Links links;
    private @Nullable Link opened;
    private @Nullable Port port;
    private @Nullable VfioUserServer server;

    /** @param links of the whole program */
    E1000Options(Links links) {
        this.links = links;
    }

    @Override
    protected void check() throws InvalidOptions {
        super.check();
        if (vlan < 0 || vlan > MAX_VLAN) {
            throw new InvalidOptions("--vlan must be 0 to " + MAX_VLAN + ", not " + vlan);
        }
        if (mac != null) {
            try {
                MacAddress.parse(mac);
            } catch (IllegalArgumentException e) {
                throw new InvalidOptions(
                        "--mac must be the address of a station such as 52:54:00:12:34:56, not " + mac);
            }
        }
    }

    @Override
    protected SocketServer createServer(Loops loops) throws IOException {
        String name = "emulated-e1000 " + link;
        Link chosen = pcap == null ? links.open(link) : new PcapLink(links.open(link), pcap);
        opened = chosen;
        Port plugged = chosen.attach(new Link.Nic(name, 1, vlan));
        port = plugged;
        DeviceLoop loop = loops.forNextDevice().getFirst();
        Map<String, String> labels = Map.of("device", endpoint());
        MacAddress address = mac == null ? MacAddress.derivedFrom(endpoint()) : MacAddress.parse(mac);
        E1000 card = new E1000(name, address.bytes(), plugged, loop, loops.metrics(), labels);
        VfioUserServer made = new VfioUserServer(card, loop, loops.metrics(), labels);
        server = made;
        return made;
    }

    @Override
    protected String summary() {
        return server == null ? "" : server.summary();
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
