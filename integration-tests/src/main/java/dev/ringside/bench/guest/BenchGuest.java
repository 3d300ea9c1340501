package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.Workspace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The lab's guest with one processor and one NIC, which runs one command. */
public final class BenchGuest implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String WORDS = "console=ttyS0 quiet panic=-1 mitigations=off nopti no_timer_check"
            + " init_on_alloc=0 rodata=off ringside.dhcp=off";

    private final Child qemu;
    private final Path out;

    private BenchGuest(Child qemu, Path out) {
        this.qemu = qemu;
        this.out = out;
    }

    /**
     * Boots it: its processor on one of the host's, all the rest of QEMU on the other.
     *
     * @param nic QEMU's words for its NIC
     * @param command what it runs when its NIC has an address
     */
    public static BenchGuest boot(
            Tools tools, Workspace workspace, Settings settings, Network network, List<String> nic, String command)
            throws BenchException, InterruptedException {
        Path directory = workspace.directory();
        List<String> words = new ArrayList<>(List.of(tools.labProgram("qemu-system-x86_64"), "-nodefaults"));
        words.addAll(List.of("-no-user-config", "-display", "none", "-no-reboot", "-name", "guest,debug-threads=on"));
        words.addAll(List.of("-machine", "pc,memory-backend=memory,accel=" + settings.accelerator()));
        words.addAll(List.of("-cpu", settings.accelerator().equals("kvm") ? "host" : "Nehalem", "-smp", "1"));
        words.addAll(List.of("-m", "512M", "-object", "memory-backend-memfd,id=memory,size=512M,share=on"));
        words.addAll(List.of("-kernel", tools.guestFile("vmlinux"), "-initrd", tools.guestFile("initramfs")));
        words.addAll(List.of("-append", WORDS, "-serial", "file:" + directory.resolve("console")));
        words.addAll(List.of("-fw_cfg", "name=opt/ringside/run,file=" + directory.resolve("command")));
        words.addAll(List.of("-device", "virtio-serial-pci,ioeventfd=off"));
        try {
            String whole = "ip addr add 10.0.0.2/24 dev eth0; until ping -c1 -W1 10.0.0.1; do :; done >/dev/null; ";
            Files.writeString(directory.resolve("command"), whole + command);
            for (String port : List.of("out", "err", "status")) {
                Files.writeString(directory.resolve(port), "");
                words.addAll(List.of("-chardev", "file,id=%1$s,path=%2$s".formatted(port, directory.resolve(port))));
                words.addAll(List.of("-device", "virtserialport,chardev=%1$s,name=ringside.%1$s".formatted(port)));
            }
        } catch (IOException e) {
            throw new BenchException(directory + ": " + e.getMessage(), e);
        }
        words.addAll(nic);
        Child qemu =
                workspace.children().start("qemu", settings.processors().backend(), network.enter(words), Map.of());
        BenchGuest guest = new BenchGuest(qemu, directory.resolve("out"));
        try {
            guest.await(directory.resolve("status"), "up", PATIENCE);
            String processor = String.valueOf(settings.processors().client());
            String thread = String.valueOf(CpuTime.firstProcessor(qemu.pid()));
            workspace
                    .children()
                    .start("taskset", null, List.of("taskset", "-p", "-c", processor, thread), Map.of())
                    .await(PATIENCE);
            return guest;
        } catch (BenchException | InterruptedException e) {
            guest.close();
            throw e;
        }
    }

    /** Of QEMU's threads but those of its processors. */
    public double cpuSeconds() throws BenchException {
        return CpuTime.seconds(qemu.pid());
    }

    /** Waits until the command has printed a line of this text, and gives all that it has printed. */
    public String await(String line, Duration patience) throws BenchException, InterruptedException {
        return await(out, line, patience);
    }

    private String await(Path file, String line, Duration patience) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (true) {
                String said = Files.readString(file, StandardCharsets.UTF_8);
                if (said.startsWith(line + "\n") || said.contains("\n" + line + "\n")) {
                    return said;
                }
                if (!qemu.isAlive()) {
                    throw qemu.failure("ended before its command");
                }
                if (System.nanoTime() > deadline) {
                    throw qemu.failure("does not get on");
                }
                Thread.sleep(1);
            }
        } catch (IOException e) {
            throw new BenchException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        qemu.close();
    }
}
