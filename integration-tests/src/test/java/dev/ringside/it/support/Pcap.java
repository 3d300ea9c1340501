package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a capture holds, as tshark sees it: it checks every checksum. */
public final class Pcap {
    private static final String BAD = "(ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0"
            + " || icmpv6.checksum.status==0 || icmp.checksum.status==0)";

    private final Path file;

    public Pcap(Path file) {
        this.file = file;
    }

    /** How many frames match a display filter. */
    public long count(String filter) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Lab.program("tshark", "tshark"), "-n", "-r", file.toString()));
        for (String protocol : List.of("ip", "tcp", "udp")) {
            command.addAll(List.of("-o", protocol + ".check_checksum:TRUE"));
        }
        // Whoever writes the capture may be in the middle of a frame.
        command.addAll(List.of("-Y", filter, "-T", "fields", "-e", "frame.number"));
        return Child.run("tshark", command).out().lines().count();
    }

    /** How many of the frames that match a display filter have a checksum that is wrong. */
    public long countBad(String filter) throws IOException, InterruptedException {
        return count("(" + filter + ") && " + BAD);
    }
}
