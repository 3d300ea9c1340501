package dev.ringside.net;

import dev.ringside.app.DeviceOptions;
import dev.ringside.app.InvalidOptions;
import dev.ringside.app.Loops;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.Feature;
import dev.ringside.link.Frame;
import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.link.MacAddress;
import dev.ringside.link.NetHeader;
import dev.ringside.link.PcapLink;
import dev.ringside.link.Port;
import dev.ringside.linux.Fd;
import dev.ringside.metrics.Metrics;
import dev.ringside.vhostuser.Rehearsal;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of one network device. */
final class NetOptions extends DeviceOptions {
    private static final int MAX_VLAN = 4094;

    private static final int REHEARSED_ROOM = 2048;
    private static final int ETHERTYPE = 12;
    private static final int ARP_BYTES = 28;
    private static final int ARP_SENDER_IP = 14;

    @Option(
            names = "--link",
            paramLabel = "LINK",
            defaultValue = "user",
            description = "Where frames go: " + Links.SYNTAX + " (default: ${DEFAULT-VALUE}).")
    private String link = "";

    @Option(
            names = "--mac",
            paramLabel = "ADDRESS",
            description = "The guest's station address (default: one in QEMU's range that follows from the socket).")
    private @Nullable String mac;

    @Option(
            names = "--mtu",
            paramLabel = "BYTES",
            defaultValue = "1500",
            description = "The largest packet that the guest may send uncut (default: ${DEFAULT-VALUE}).")
    private int mtu;

    @Option(
            names = "--queues",
            paramLabel = "N",
            defaultValue = "1",
            description = "Queue pairs that a front-end may ask for, 1 to 16 (default: ${DEFAULT-VALUE}).")
    private int queues;

    @Option(
            names = "--speed",
            paramLabel = "MBIT",
            defaultValue = "10000",
            description = "The speed of the link that the guest is told, in Mbit/s (default: ${DEFAULT-VALUE}).")
    private int speed;

    @Option(
            names = "--vlan",
            paramLabel = "N",
            defaultValue = "0",
            description = "The VLAN of a switch's port; ports of different VLANs do not hear each other (default:"
                    + " ${DEFAULT-VALUE}).")
    private int vlan;

    @Option(
            names = "--pcap",
            paramLabel = "FILE",
            description = "Write what passes into this file, for tshark or Wireshark.")
    private @Nullable Path pcap;

    private final Links links;
    private @Nullable Link opened;
    private @Nullable Port port;
    private @Nullable NetDevice device;

    /** @param links of the whole program */
    NetOptions(Links links) {
        this.links = links;
    }

    @Override
    protected void check() throws InvalidOptions {
        super.check();
        if (queues < 1 || queues > NetDevice.MAX_PAIRS) {
            throw new InvalidOptions("--queues must be 1 to " + NetDevice.MAX_PAIRS + ", not " + queues);
        }
        if (mtu < NetDevice.MIN_MTU || mtu > NetDevice.MAX_MTU) {
            throw new InvalidOptions(
                    "--mtu must be " + NetDevice.MIN_MTU + " to " + NetDevice.MAX_MTU + ", not " + mtu);
        }
        if (vlan < 0 || vlan > MAX_VLAN) {
            throw new InvalidOptions("--vlan must be 0 to " + MAX_VLAN + ", not " + vlan);
        }
        if (speed < 0) {
            throw new InvalidOptions("--speed must not be negative");
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
        return createServer(loops, pcap == null ? links.open(link) : new PcapLink(links.open(link), pcap));
    }

    @Override
    protected @Nullable List<Fd> shareWithAnother() throws IOException {
        return port == null ? null : port.share();
    }

    @Override
    protected SocketServer createServerBesideAnother(Loops loops, List<Fd> shared) throws IOException {
        return createServer(loops, links.join(link, shared));
    }

    private SocketServer createServer(Loops loops, Link chosen) throws IOException {
        String name = "vhost-user-net " + link;
        opened = chosen;
        Port plugged = chosen.attach(new Link.Nic(name, queues, vlan));
        port = plugged;
        MacAddress address = mac == null ? MacAddress.derivedFrom(endpoint()) : MacAddress.parse(mac);
        NetConfig config = new NetConfig(address, queues, mtu, speed);
        NetDevice made = new NetDevice(name, endpoint(), plugged, config, queues, loops.metrics());
        device = made;
        return new VhostUserServer(made, loops.control(), loops.forNextDevice());
    }

    @Override
    protected Rehearsal createRehearsal(Loops loops) throws IOException {
        String name = "rehearsal";
        Port plugged = links.open("echo").attach(new Link.Nic(name, 1, 0));
        NetConfig config = new NetConfig(MacAddress.derivedFrom(name), 1, mtu, speed);
        NetDevice nobody = new NetDevice(name, name, plugged, config, 1, Metrics.NONE);
        // Each question that is sent has an answer that is received.
        return new Rehearsal(
                new VhostUserServer(nobody, loops.control(), loops.forNextDevice()),
                Feature.VERSION_1 | Feature.RING_EVENT_IDX,
                false,
                List.of(new Rehearsal.Request(new byte[0], REHEARSED_ROOM), new Rehearsal.Request(question(), 0)),
                plugged::close);
    }

    /** A header, and an ARP request (RFC 826) of nobody's. */
    private static byte[] question() {
        int arp = NetHeader.BYTES + Frame.ETHERNET_BYTES;
        return ByteBuffer.allocate(arp + ARP_BYTES)
                .putShort(NetHeader.BYTES + ETHERTYPE, (short) 0x0806)
                .putLong(arp, 0x0001_0800_0604_0001L)
                .putInt(arp + ARP_SENDER_IP, 0x0a00_0001)
                .array();
    }

    @Override
    protected String summary() {
        return device == null ? "" : device.summary();
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
