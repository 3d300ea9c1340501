package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.Listening;
import dev.ringside.bench.host.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lab's guest with one processor, which runs commands one after the other. Of one thread. */
public final class BenchGuest implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    /** An emulated host boots guests slowly. */
    private static final Duration BOOT_PATIENCE = Duration.ofMinutes(30);

    /** Whoever looks a thousand times a second takes an emulated host's processor from what is measured. */
    private static final long LOOK_MILLIS = 10;

    private static final String WORDS = "console=ttyS0 quiet panic=-1 mitigations=off nopti no_timer_check"
            + " init_on_alloc=0 rodata=off ringside.dhcp=off";

    /**
     * The guest's end of the control port. What a command prints is passed on when it has ended: no output disturbs what
     * it measures.
     */
    private static final String AGENT = """
            while ! port=$(grep -l '^ringside.control$' /sys/class/virtio-ports/*/name); do usleep 10000; done
            exec 3<>/dev/$(basename $(dirname $port))
            echo ringside-ready >&3
            while read -r line <&3; do
              (eval "$line") >/tmp/said 2>&1 </dev/null
              status=$?
              cat /tmp/said >&3
              echo >&3
              echo "ringside-status $status" >&3
            done
            """;

    private static final Pattern STATUS = Pattern.compile("\nringside-status (\\d+)\n");

    private final String name;
    private final List<String> commandLine;
    private final Child qemu;
    private final LineSocket control;
    private final Path qmp;
    private final StringBuilder said = new StringBuilder();

    private BenchGuest(String name, List<String> commandLine, Child qemu, LineSocket control, Path qmp) {
        this.name = name;
        this.commandLine = commandLine;
        this.qemu = qemu;
        this.control = control;
        this.qmp = qmp;
    }

    /** Boots it, and waits until it takes commands. */
    public static BenchGuest boot(Tools tools, Workspace workspace, Settings settings, Machine machine)
            throws BenchException, InterruptedException {
        Path directory = workspace.directory();
        List<String> words = words(tools, directory, settings, machine);
        Integer processor = machine.pinned() ? settings.processors().backend() : null;
        Network network = machine.network();
        Child qemu = workspace
                .children()
                .start(machine.name(), processor, network == null ? words : network.enter(words), Map.of());
        Path controlPath = directory.resolve(machine.name() + ".control");
        BenchGuest guest = null;
        try {
            Listening.await(qemu, List.of(controlPath));
            guest = new BenchGuest(
                    machine.name(),
                    words,
                    qemu,
                    new LineSocket(controlPath),
                    directory.resolve(machine.name() + ".qmp"));
            guest.awaitAgent();
            if (machine.pinned()) {
                String thread = String.valueOf(CpuTime.firstProcessor(qemu.pid()));
                String client = String.valueOf(settings.processors().client());
                workspace
                        .children()
                        .start("taskset", null, List.of("taskset", "-p", "-c", client, thread), Map.of())
                        .await(PATIENCE);
            }
            return guest;
        } catch (BenchException | InterruptedException | IOException e) {
            if (guest == null) {
                qemu.close();
            } else {
                guest.close();
            }
            if (e instanceof InterruptedException interrupted) {
                throw interrupted;
            }
            throw e instanceof BenchException known ? known : new BenchException(machine.name() + ": " + e, e);
        }
    }

    private static List<String> words(Tools tools, Path directory, Settings settings, Machine machine)
            throws BenchException {
        String name = machine.name();
        String memory = machine.memoryMebibytes() + "M";
        List<String> words = new ArrayList<>(List.of(tools.labProgram("qemu-system-x86_64"), "-nodefaults"));
        words.addAll(List.of("-no-user-config", "-display", "none", "-no-reboot", "-name", name + ",debug-threads=on"));
        words.addAll(List.of("-machine", machine.type() + ",memory-backend=memory,accel=" + settings.accelerator()));
        words.addAll(List.of("-cpu", settings.accelerator().equals("kvm") ? "host" : "Nehalem", "-smp", "1"));
        words.addAll(List.of("-m", memory, "-object", "memory-backend-memfd,id=memory,share=on,size=" + memory));
        // Whose work is on a network needs no fio, which is half of the image.
        String image = tools.guestFile(machine.network() == null ? "initramfs" : "initramfs-small");
        words.addAll(List.of("-kernel", tools.guestFile("vmlinux"), "-initrd", image));
        words.addAll(List.of("-append", WORDS, "-serial", "file:" + directory.resolve(name + ".console")));
        words.addAll(List.of("-fw_cfg", "name=opt/ringside/run,file=" + directory.resolve("agent")));
        words.addAll(List.of("-qmp", "unix:" + directory.resolve(name + ".qmp") + ",server=on,wait=off"));
        words.addAll(List.of("-D", directory.resolve(name + ".trace").toString()));
        words.addAll(List.of("-device", "virtio-serial-pci,ioeventfd=off"));
        try {
            Files.writeString(directory.resolve("agent"), AGENT);
        } catch (IOException e) {
            throw new BenchException(directory + ": " + e.getMessage(), e);
        }
        for (String port : List.of("out", "err", "status")) {
            words.addAll(List.of(
                    "-chardev", "file,id=%1$s,path=%2$s".formatted(port, directory.resolve(name + "." + port))));
            words.addAll(List.of("-device", "virtserialport,chardev=%1$s,name=ringside.%1$s".formatted(port)));
        }
        words.addAll(List.of(
                "-chardev",
                "socket,id=control,server=on,wait=on,path=" + directory.resolve(name + ".control"),
                "-device",
                "virtserialport,chardev=control,name=ringside.control"));
        words.addAll(machine.devices());
        return words;
    }

    private void awaitAgent() throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + BOOT_PATIENCE.toNanos();
        while (said.indexOf("ringside-ready") < 0) {
            listen(deadline, "does not boot");
        }
        said.setLength(0);
    }

    /** How QEMU was started. */
    public List<String> commandLine() {
        return commandLine;
    }

    /** Of QEMU. */
    public long pid() {
        return qemu.pid();
    }

    /** Of QEMU's threads but those of its processors, in seconds. */
    public double cpuSeconds() throws BenchException {
        return CpuTime.seconds(qemu.pid());
    }

    /** Of the threads of its processors, in seconds. */
    public double processorSeconds() throws BenchException {
        return CpuTime.processorSeconds(qemu.pid());
    }

    /** A new connection to QEMU's control protocol; there can be one at a time. */
    public Qmp qmp() throws BenchException, InterruptedException {
        return new Qmp(qmp);
    }

    /**
     * Runs a command.
     *
     * @param command a line of its shell
     * @return what it has printed
     * @throws BenchException if it fails, with what it has said
     */
    public String execute(String command, Duration patience) throws BenchException, InterruptedException {
        begin(command);
        return finish(command, patience, () -> {});
    }

    /** Has a command begin. */
    public void begin(String command) throws BenchException, InterruptedException {
        said.setLength(0);
        try {
            control.say(command);
        } catch (IOException e) {
            throw qemu.failure("takes no command");
        }
    }

    /** Something that is looked at while a command runs. */
    @FunctionalInterface
    public interface Watch {
        /**
         * Looks.
         *
         * @throws BenchException if there is no point in waiting any more
         */
        void look() throws BenchException, InterruptedException;
    }

    /** Waits for the end of the command that has begun. */
    public String finish(String command, Duration patience, Watch watch) throws BenchException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Matcher end = STATUS.matcher(said);
            if (end.find()) {
                String output = said.substring(0, end.start());
                if (!end.group(1).equals("0")) {
                    throw new BenchException(
                            "in the guest, status " + end.group(1) + " of " + command + ": " + tail(output.strip()));
                }
                return output;
            }
            watch.look();
            listen(deadline, "does not get on with " + command);
        }
    }

    private static String tail(String text) {
        int most = 300;
        return text.length() <= most ? text : "..." + text.substring(text.length() - most);
    }

    private void listen(long deadline, String complaint) throws BenchException, InterruptedException {
        try {
            int before = said.length();
            control.readInto(said);
            if (said.length() > before) {
                return;
            }
        } catch (IOException e) {
            throw qemu.failure("has closed the control port");
        }
        if (!qemu.isAlive()) {
            throw qemu.failure("ended before its command");
        }
        if (System.nanoTime() > deadline) {
            throw new BenchException(name + " " + complaint);
        }
        Thread.sleep(LOOK_MILLIS);
    }

    @Override
    public void close() {
        try {
            control.close();
        } catch (IOException e) {
            // QEMU ends anyhow.
        }
        qemu.close();
    }
}
