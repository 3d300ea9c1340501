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

/** A network namespace with a TAP in it, for one run. It is gone with the process that holds it. */
public final class Network implements AutoCloseable {
    public static final String TAP = "tap0";
    /** The host's address on the TAP; the guest has the next one. */
    public static final String HOST = "10.0.0.1";

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Child holder;

    private Network(Child holder) {
        this.holder = holder;
    }

    public static Network create(Tools tools, Children children) throws BenchException, InterruptedException {
        Child holder =
                children.start("network", null, List.of("unshare", "--net", "--", "sleep", "infinity"), Map.of());
        Network network = new Network(holder);
        try {
            network.awaitNamespace();
            String words = "ip=$0; $ip link set lo up && $ip tuntap add " + TAP + " mode tap vnet_hdr && $ip link set "
                    + TAP + " up && $ip addr add " + HOST + "/24 dev " + TAP;
            children.start("ip", null, network.enter(List.of("/bin/sh", "-c", words, tools.labProgram("ip"))), Map.of())
                    .await(PATIENCE);
            return network;
        } catch (BenchException | InterruptedException e) {
            network.close();
            throw e;
        }
    }

    private void awaitNamespace() throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            Path ours = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
            while (!holder.isAlive()
                    || Files.readSymbolicLink(Path.of("/proc/" + holder.pid() + "/ns/net"))
                            .equals(ours)) {
                if (!holder.isAlive() || System.nanoTime() > deadline) {
                    throw holder.failure("cannot be made");
                }
                Thread.sleep(1);
            }
        } catch (IOException e) {
            throw holder.failure("cannot be made");
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
