package dev.ringside.bench.net;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Workspace;
import java.io.IOException;
import java.io.RandomAccessFile;
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
    private static final int RING = 256;
    /** Of 32 frames each, on either port: as many as a ring holds, so that none is dropped for want of a descriptor. */
    private static final int BURSTS = RING / 32;

    private static final String PROMPT = "testpmd> ";
    private static final Pattern RECEIVED = Pattern.compile("RX-packets: (\\d+)");

    private final Child child;
    private final Path output;
    /** Both ends of its stdin, so that neither waits for the other. */
    private final RandomAccessFile commands;

    private Testpmd(Child child, Path output, RandomAccessFile commands) {
        this.child = child;
        this.output = output;
        this.commands = commands;
    }

    /** A command line without hardware or huge pages, on one processor. */
    static List<String> command(
            NetTools tools, String name, int processor, List<String> devices, List<String> options) {
        List<String> command = new ArrayList<>(List.of(
                tools.labProgram("dpdk-testpmd"),
                // The first is idle.
                "--lcores=0@%1$d,1@%1$d".formatted(processor),
                "--no-pci",
                "--no-huge",
                "-m",
                "512",
                "--file-prefix=ringside-" + name));
        devices.forEach(device -> command.add("--vdev=" + device));
        command.addAll(List.of("--", "--nb-cores=1", "--total-num-mbufs=16384"));
        command.addAll(options);
        return command;
    }

    static Testpmd generator(NetTools tools, Workspace workspace, int processor, List<Path> sockets, int frameBytes)
            throws BenchException, InterruptedException {
        Path fifo = workspace.directory().resolve("commands");
        List<String> devices = new ArrayList<>();
        for (int i = 0; i < sockets.size(); i++) {
            devices.add("net_virtio_user%d,path=%s,queue_size=%d,mac=%s".formatted(i, sockets.get(i), RING, mac(i)));
        }
        List<String> testpmd = command(
                tools,
                "generator",
                processor,
                devices,
                List.of(
                        "--interactive",
                        "--forward-mode=io",
                        "--txpkts=" + frameBytes,
                        "--rxd=" + RING,
                        "--txd=" + RING,
                        "--eth-peer=0," + mac(1),
                        "--eth-peer=1," + mac(0)));
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "exec \"$@\" <" + fifo, "sh"));
        command.addAll(testpmd);
        try {
            if (!Files.exists(fifo)) {
                workspace
                        .children()
                        .start("mkfifo", null, List.of("mkfifo", fifo.toString()), Map.of())
                        .await(PATIENCE);
            }
            RandomAccessFile commands = new RandomAccessFile(fifo.toFile(), "rw");
            Child child = workspace.children().start("generator", processor, command, Map.of());
            return new Testpmd(child, workspace.directory().resolve("generator.out"), commands);
        } catch (IOException e) {
            throw new BenchException(fifo + ": " + e.getMessage(), e);
        }
    }

    private static String mac(int port) {
        return "52:54:00:00:00:0" + (port + 1);
    }

    /** Lets the frames go round. */
    void begin() throws BenchException, InterruptedException {
        await(1, PROMPT);
        say("start tx_first " + BURSTS);
        await(2, PROMPT);
    }

    /** How many frames both ports have received so far. */
    long received() throws BenchException, InterruptedException {
        int prompts = count(text(), PROMPT);
        say("show port stats all");
        String all = await(prompts + 1, PROMPT);
        Matcher matcher = RECEIVED.matcher(all.substring(all.lastIndexOf("NIC statistics for port 0")));
        long sum = 0;
        while (matcher.find()) {
            sum += Long.parseLong(matcher.group(1));
        }
        return sum;
    }

    private void say(String command) throws BenchException {
        try {
            commands.write((command + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new BenchException("testpmd: " + e.getMessage(), e);
        }
    }

    private String await(int times, String text) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String said = text();
        while (count(said, text) < times) {
            if (!child.isAlive() || System.nanoTime() > deadline) {
                throw child.failure("has ended, or does not answer");
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
    public void close() throws BenchException {
        child.close();
        try {
            commands.close();
        } catch (IOException e) {
            throw new BenchException("testpmd: " + e.getMessage(), e);
        }
    }
}
