package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A network of its own to be the host's for a test: interfaces made in it are nobody else's, and gone with it. It lives
 * as long as a process in it, which ends with this JVM at the latest.
 */
public final class NetNamespace implements AutoCloseable {
    private static final String READY = "ready";

    private final Child holder;

    private NetNamespace(Child holder) {
        this.holder = holder;
    }

    /** Makes one with nothing in it but loopback. Tests that want one are skipped where that is not allowed. */
    public static NetNamespace create() throws IOException, InterruptedException {
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        Assumptions.assumeTrue(root, "only root can make a network namespace with a TAP in it");
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/net/tun")), "this host has no /dev/net/tun");
        // cat ends with its stdin, and so with us.
        Child holder = Child.start(
                "namespace", List.of("unshare", "--net", "--", "/bin/sh", "-c", "echo " + READY + "; exec cat"));
        try {
            holder.out().await(READY);
            NetNamespace made = new NetNamespace(holder);
            made.ip("link set lo up");
            return made;
        } catch (Throwable e) {
            holder.close();
            throw e;
        }
    }

    /** A command line that runs another one in here. */
    public List<String> enter(List<String> command) {
        List<String> entering = new ArrayList<>(List.of("nsenter", "--net=/proc/" + holder.pid() + "/ns/net", "--"));
        entering.addAll(command);
        return entering;
    }

    /** Makes a TAP of one or more queues with the addresses 10.0.0.N and fd00:10::N. */
    public void tap(String name, int number, int mtu, String options) throws InterruptedException {
        ip("tuntap add " + name + " mode tap vnet_hdr " + options);
        ip("link set " + name + " mtu " + mtu + " up");
        ip("addr add 10.0.0." + number + "/24 dev " + name);
        ip("addr add fd00:10::" + number + "/64 dev " + name + " nodad");
    }

    /** Runs the lab's {@code ip} with some words. */
    public void ip(String words) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(Lab.program("ip")));
        command.addAll(List.of(words.strip().split("\\s+", -1)));
        run(command);
    }

    /** Runs a command in here that has to succeed, and gives its output. */
    public String run(List<String> command) throws InterruptedException {
        return Child.run(command.getFirst(), enter(command)).expectSuccess();
    }

    /** Runs a shell's words in here; {@code $BIN} is where the lab's programs are. */
    public String shell(String words) throws InterruptedException {
        return run(shellCommand(words));
    }

    /** Starts a shell's words in here. */
    public Child start(String words) {
        return Child.start("host shell", enter(shellCommand(words)));
    }

    private static List<String> shellCommand(String words) {
        Path bin = Path.of(Lab.program("ip")).getParent();
        return List.of("env", "BIN=" + bin, "/bin/sh", "-c", words);
    }

    @Override
    public void close() {
        holder.close();
    }
}
