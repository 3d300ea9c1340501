package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Workspace;
import dev.ringside.bench.net.NetCell.Forward;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** DPDK's testpmd as a generator with two virtio_user ports, and what is common to its command lines. */
final class Testpmd implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int PORTS = 2;
    private static final int RING = 256;
    /** As many frames go round in each direction: half of what a ring holds, so that none is dropped. */
    private static final int BURST = RING / 2;

    private static final Pattern RECEIVED = Pattern.compile("RX-packets: (\\d+)");
    /** The last of each port's statistics. */
    private static final String END_OF_PORT = "Tx-pps:";

    private final Child child;
    private final Path output;

    private Testpmd(Child child, Path output) {
        this.child = child;
        this.output = output;
    }

    /** A command line without hardware or huge pages, on one processor. */
    static List<String> command(Tools tools, String name, int processor, List<String> devices, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                tools.labProgram("dpdk-testpmd"),
                // The first is idle.
                "--lcores=0@%1$d,1@%1$d".formatted(processor),
                "--no-pci",
                "--no-huge",
                "-m",
                "512",
                "--file-prefix=ringside-" + name + "-" + ProcessHandle.current().pid()));
        devices.forEach(device -> command.add("--vdev=" + device));
        command.addAll(List.of("--", "--nb-cores=1", "--total-num-mbufs=16384", "--disable-link-check"));
        command.addAll(List.of("--forward-mode=io", "--rxd=" + RING, "--txd=" + RING));
        command.addAll(options);
        return command;
    }

    /** Sends the frames that go round, and tells once a second how many it has received. */
    static Testpmd generator(Tools tools, Workspace workspace, int processor, List<Path> sockets, Forward cell)
            throws BenchException, InterruptedException {
        List<String> devices = new ArrayList<>();
        for (int i = 0; i < PORTS; i++) {
            devices.add("net_virtio_user%d,path=%s,queue_size=%d,packed_vq=%d,mac=%s"
                    .formatted(i, sockets.get(i), RING, cell.packed() ? 1 : 0, mac(i)));
        }
        List<String> options = List.of(
                "--tx-first",
                "--burst=" + BURST,
                "--stats-period=1",
                "--txpkts=" + cell.frameBytes(),
                "--eth-peer=0," + mac(1),
                "--eth-peer=1," + mac(0));
        Child child = workspace
                .children()
                .start("generator", processor, command(tools, "generator", processor, devices, options), Map.of());
        return new Testpmd(child, workspace.directory().resolve("generator.out"));
    }

    private static String mac(int port) {
        return "52:54:00:00:00:0" + (port + 1);
    }

    /** How many frames both ports have received so far: just now, for it waits until that is told again. */
    long received() throws BenchException, InterruptedException {
        int before = count(text(), END_OF_PORT) / PORTS * PORTS;
        Matcher matcher = RECEIVED.matcher(await(before + PORTS));
        long sum = 0;
        for (int i = 0; i < before + PORTS && matcher.find(); i++) {
            sum += i < before ? 0 : Long.parseLong(matcher.group(1));
        }
        return sum;
    }

    private String await(int ports) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String said = text();
        while (count(said, END_OF_PORT) < ports) {
            if (!child.isAlive() || System.nanoTime() > deadline) {
                throw child.failure("has ended, or says nothing");
            }
            Thread.sleep(1);
            said = text();
        }
        return said;
    }

    private static int count(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
            count++;
        }
        return count;
    }

    private String text() throws BenchException {
        try {
            return Files.readString(output, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new BenchException("testpmd: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        child.close();
    }
}
