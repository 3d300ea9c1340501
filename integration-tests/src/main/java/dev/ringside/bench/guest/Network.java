package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Children;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A network namespace with interfaces in it, for one run. It is gone with the process that holds it. */
public final class Network implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Tools tools;
    private final Children children;
    private final Child holder;

    private Network(Tools tools, Children children, Child holder) {
        this.tools = tools;
        this.children = children;
        this.holder = holder;
    }

    /** Why there can be none, in a line. */
    public static Optional<String> obstacle() {
        try {
            if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
                return Optional.of("only root can make a network namespace with a TAP in it");
            }
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        return Files.exists(Path.of("/dev/net/tun")) ? Optional.empty() : Optional.of("there is no /dev/net/tun");
    }

    /** The TAP of a guest, counted from 0. */
    public static String tap(int guest) {
        return "tap" + guest;
    }

    /** The host's address for a guest. */
    public static String host(int guest) {
        return "10.0." + guest + ".1";
    }

    /** The address of a guest. */
    public static String guest(int guest) {
        return "10.0." + guest + ".2";
    }

    /** One with a TAP for each guest. */
    public static Network withTaps(Tools tools, Children children, int guests)
            throws BenchException, InterruptedException {
        return create(tools, children, network -> {
            for (int i = 0; i < guests; i++) {
                network.shell("$ip tuntap add " + tap(i) + " mode tap vnet_hdr && $ip link set " + tap(i)
                        + " up && $ip addr add " + host(i) + "/24 dev " + tap(i));
            }
        });
    }

    /** One with nothing but loopback, where unprivileged programs may ping. */
    public static Network withLoopback(Tools tools, Children children) throws BenchException, InterruptedException {
        return create(
                tools, children, network -> network.shell("echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range"));
    }

    /** One with an interface of the host, which is the host's again afterwards: the kernel gives it back, in its time. */
    public static Network withInterface(Tools tools, Children children, String name)
            throws BenchException, InterruptedException {
        return create(tools, children, network -> {
            String ip = tools.labProgram("ip");
            network.holder.awaitReady(
                    () -> Files.exists(Path.of("/sys/class/net", name)),
                    PATIENCE,
                    "wants the interface " + name + ", which is not there");
            children.start(
                            "ip",
                            null,
                            List.of(ip, "link", "set", name, "netns", String.valueOf(network.holder.pid())),
                            Map.of())
                    .await(PATIENCE);
            network.shell("$ip addr add " + host(0) + "/24 dev " + name + " && $ip link set " + name + " up");
        });
    }

    @FunctionalInterface
    private interface Furnishing {
        void furnish(Network network) throws BenchException, InterruptedException;
    }

    private static Network create(Tools tools, Children children, Furnishing furnishing)
            throws BenchException, InterruptedException {
        Child holder =
                children.start("network", null, List.of("unshare", "--net", "--", "sleep", "infinity"), Map.of());
        Network network = new Network(tools, children, holder);
        try {
            network.awaitNamespace();
            network.shell("$ip link set lo up");
            furnishing.furnish(network);
            return network;
        } catch (BenchException | InterruptedException e) {
            network.close();
            throw e;
        }
    }

    private void shell(String words) throws BenchException, InterruptedException {
        children.start("ip", null, enter(List.of("/bin/sh", "-c", "ip=$0; " + words, tools.labProgram("ip"))), Map.of())
                .await(PATIENCE);
    }

    private void awaitNamespace() throws BenchException, InterruptedException {
        holder.awaitReady(this::isApart, PATIENCE, "cannot be made");
    }

    private boolean isApart() {
        try {
            Path ours = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
            return !Files.readSymbolicLink(Path.of("/proc/" + holder.pid() + "/ns/net"))
                    .equals(ours);
        } catch (IOException e) {
            // It has just ended.
            return false;
        }
    }

    /** A command line that runs another one in here. */
    public List<String> enter(List<String> command) {
        List<String> words = new ArrayList<>(List.of("nsenter", "--net=/proc/" + holder.pid() + "/ns/net", "--"));
        words.addAll(command);
        return words;
    }

    @Override
    public void close() {
        holder.close();
    }
}
