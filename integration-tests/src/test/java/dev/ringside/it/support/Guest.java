package dev.ringside.it.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The lab's Linux in a QEMU, with vhost-user disks and NICs, and a shell in it that tests talk to. The shell sits on a
 * virtio-serial port that is QEMU's own stdin and stdout, so what is said there is nothing but answers.
 */
public final class Guest implements AutoCloseable {
    private static final String READY = "ringside: ready";
    private static final String DONE = "ringside: done, status ";

    /** Becomes the shell. A port can be opened only once, and so for both directions. */
    private static final String SHELL = """
            for name in /sys/class/virtio-ports/*/name; do
              [ "$(cat "$name")" = shell ] && port=/dev/$(basename "${name%%/name}")
            done
            exec 3<>"$port"
            echo '%s' >&3
            exec sh <&3 >&3 2>&3
            """.formatted(READY);

    /** As scripts/guest does it, and tells why; but always emulated, to be the same everywhere. */
    private static final String COMMAND = """
            {qemu} -nodefaults -no-user-config -display none
            -machine {machine},accel=tcg,memory-backend=memory -cpu Nehalem -smp {cpus} -m {memory}
            -object {backing},id=memory,size={memory}
            -kernel {kernel} -initrd {initramfs} -serial file:{home}/console -qmp unix:{home}/qmp,server=on,wait=off
            -device virtio-serial-pci -fw_cfg name=opt/ringside/run,file={home}/command
            -chardev stdio,id=shell,signal=off -device virtserialport,chardev=shell,name=shell
            -chardev file,id=out,path=/dev/null -device virtserialport,chardev=out,name=ringside.out
            -chardev file,id=err,path=/dev/null -device virtserialport,chardev=err,name=ringside.err
            -chardev file,id=status,path=/dev/null -device virtserialport,chardev=status,name=ringside.status""";

    private static final String KERNEL_WORDS =
            "console=ttyS0 quiet panic=-1 mitigations=off nopti no_timer_check init_on_alloc=0 rodata=off"
                    + " ringside.dhcp=off";

    /** Of QEMU's command line, for each NIC. */
    private static final int NIC_WORDS = 6;

    private final Child qemu;
    private final Path console;
    private final Path qmpSocket;

    private Guest(Child qemu, Path console, Path qmpSocket) {
        this.qemu = qemu;
        this.console = console;
        this.qmpSocket = qmpSocket;
    }

    /** Describes a guest. */
    public static Builder under(Qemu qemu) {
        return new Builder(qemu);
    }

    /** Waits until the guest is up: after its start, or after a reset. */
    public void awaitBoot() throws IOException, InterruptedException {
        try {
            qemu.out().through(READY::equals, Patience.GUEST);
        } catch (AssertionError e) {
            throw new AssertionError(
                    "no guest. QEMU: " + qemu.err().text() + "\nits console: "
                            + Files.readString(console, StandardCharsets.ISO_8859_1),
                    e);
        }
    }

    /**
     * Runs a command in the guest's shell.
     *
     * @return its output, of stdout and stderr, without the last line's end
     * @throws AssertionError if its status is not 0
     */
    public String run(String command) throws IOException, InterruptedException {
        return attempt(command).expectSuccess();
    }

    /** Runs a command in the guest's shell that may fail. Its stderr is part of its stdout. */
    public Result attempt(String command) throws IOException, InterruptedException {
        String quoted = command.replace("'", "'\\''");
        String line = "sh -c '" + quoted + "' </dev/null 2>&1; printf '\\n%s%d\\n' '" + DONE + "' $?\n";
        qemu.say(line);
        List<String> answer = qemu.out().through(said -> said.startsWith(DONE) || said.equals(READY), Patience.GUEST);
        if (answer.getLast().equals(READY)) {
            throw new AssertionError("the guest has rebooted during: " + command);
        }
        int status = Integer.parseInt(answer.getLast().substring(DONE.length()));
        return new Result(
                status, String.join("\n", answer.subList(0, answer.size() - 1)).stripTrailing(), "");
    }

    /** Gives a NIC an IPv4 and an IPv6 address, 10.0.0.N and fd00:10::N. */
    public void address(String nic, int number) throws IOException, InterruptedException {
        run(
                "ip link set %1$s up && ip addr replace 10.0.0.%2$d/24 dev %1$s && ip addr replace fd00:10::%2$d/64 dev %1$s nodad"
                        .formatted(nic, number));
    }

    /** Stops all of QEMU. */
    public void freeze() throws IOException, InterruptedException {
        qemu.signal("STOP");
    }

    /** Lets it go on. */
    public void thaw() throws IOException, InterruptedException {
        qemu.signal("CONT");
    }

    /** The SHA-256 of a device. */
    public String sha256(String device) throws IOException, InterruptedException {
        return run("sha256sum <" + device).split(" ", 2)[0];
    }

    /** Waits until the guest can open a disk (vda, ...) that is being plugged in: it has a name before it can be opened. */
    public void awaitDisk(String disk) throws IOException, InterruptedException {
        run("until dd if=/dev/%s of=/dev/null count=0 2>/dev/null; do usleep 10000; done".formatted(disk));
    }

    /** Waits until the guest knows that a disk (vda, ...) has so many bytes. */
    public void awaitSize(String disk, long bytes) throws IOException, InterruptedException {
        run("for i in $(seq 1000); do [ $(cat /sys/block/%s/size) = %d ] && exit; usleep 20000; done; exit 1"
                .formatted(disk, bytes / 512));
    }

    /** Connects to QEMU's control socket. */
    public Qmp qmp() throws IOException, InterruptedException {
        return new Qmp(qmpSocket);
    }

    /** Has the guest reboot itself, and waits until it is up again. */
    public void reboot() throws IOException, InterruptedException {
        qemu.say("reboot -f\n");
        awaitBoot();
    }

    /** Switches the guest off, and waits for QEMU's end. */
    public void powerOff() throws IOException, InterruptedException {
        qemu.say("exit\n");
        qemu.finish().expectSuccess();
    }

    /** What the guest's kernel has said on its console. */
    public String console() throws IOException {
        return Files.readString(console, StandardCharsets.ISO_8859_1);
    }

    /** QEMU itself. */
    public Child qemu() {
        return qemu;
    }

    /** Ends QEMU as a crash would. */
    public void kill() {
        qemu.kill();
    }

    @Override
    public void close() {
        qemu.close();
    }

    /** What a guest is to be like. */
    public static final class Builder {
        /** Of all NICs of all guests, so that no two of them have one address. */
        private static final AtomicInteger STATIONS = new AtomicInteger();

        private final Qemu qemu;
        private final List<String> disks = new ArrayList<>();
        private final List<String> more = new ArrayList<>();
        private final List<String> nics = new ArrayList<>();
        private final List<String> kernelWords = new ArrayList<>(List.of(KERNEL_WORDS));
        private String backing = "memory-backend-memfd,share=on";
        private String machine = "pc";
        private int cpus = 1;
        /** Properties of virtio devices and of disks only, each with a comma before it. */
        private String rings = "";

        private String disksAre = "";

        private String memory = "512M";

        private Builder(Qemu qemu) {
            this.qemu = qemu;
        }

        /** A machine type of QEMU's, if not pc. */
        public Builder machine(String type) {
            machine = type;
            return this;
        }

        /** If not one. */
        public Builder cpus(int number) {
            cpus = number;
            return this;
        }

        /** Disks and NICs that follow have packed rings. */
        public Builder packed() {
            rings += ",packed=on";
            return this;
        }

        /** Disks and NICs that follow are behind the guest's virtual IOMMU, with a cache of its translations. */
        public Builder behindIommu() {
            rings += ",iommu_platform=on,ats=on,disable-legacy=on";
            return this;
        }

        /** QEMU takes the requests along that disks which follow have in flight when it migrates. */
        public Builder inflightMigration() {
            disksAre += ",inflight-migration=on";
            return this;
        }

        /** In QEMU's notation, if not 512M. */
        public Builder memory(String size) {
            memory = size;
            return this;
        }

        /** Memory that belongs to QEMU alone, so that a backend can only ask for it. */
        public Builder privateMemory() {
            backing = "memory-backend-ram";
            return this;
        }

        /** More words for the guest's kernel. */
        public Builder kernel(String words) {
            kernelWords.add(words);
            return this;
        }

        /** The next disk (vda, vdb, ...) with that many queues, served at a socket. */
        public Builder disk(Path socket, int queues) {
            return disk("path=" + socket, queues);
        }

        /** The same, and QEMU looks for the backend again when it has gone. */
        public Builder reconnectingDisk(Path socket, int queues) {
            return disk("path=" + socket + "," + qemu.reconnect(), queues);
        }

        /** More of QEMU's own arguments. */
        public Builder with(String... arguments) {
            more.addAll(List.of(arguments));
            return this;
        }

        /** A disk whose backend connects to QEMU. */
        public Builder listeningDisk(Path socket, int queues) {
            return disk("server=on,path=" + socket, queues);
        }

        private Builder disk(String chardev, int queues) {
            String id = "disk" + disks.size() / 4;
            disks.addAll(List.of("-chardev", "socket,id=" + id + "," + chardev));
            disks.addAll(List.of(
                    "-device",
                    "vhost-user-blk-pci,id=%1$s,chardev=%1$s,num-queues=%2$d%3$s"
                            .formatted(id, queues, rings + disksAre)));
            return this;
        }

        /** Starts a QEMU that waits for a guest of another with the same description to migrate to a socket. */
        public Guest awaitMigration(Path directory, Path socket) throws Exception {
            Guest guest = with("-incoming", "unix:" + socket).start(directory);
            Await.until("QEMU waits at " + socket, () -> Files.exists(socket) || !guest.qemu.isAlive());
            return guest;
        }

        /**
         * The next NIC (eth0, eth1, ...), served at a socket. It has no IP address.
         *
         * @param pairs of queues
         * @param properties of QEMU's device, each with a comma before it
         */
        public Builder nic(Path socket, int pairs, String properties) {
            return nic("path=" + socket, pairs, properties);
        }

        /** The next NIC with one pair of queues, and QEMU looks for the backend again when it has gone. */
        public Builder reconnectingNic(Path socket) {
            return nic("path=" + socket + "," + qemu.reconnect(), 1, "");
        }

        private Builder nic(String chardev, int pairs, String properties) {
            String id = "nic" + nics.size() / NIC_WORDS;
            nics.addAll(List.of("-chardev", "socket,id=%s,%s".formatted(id, chardev)));
            nics.addAll(List.of("-netdev", "vhost-user,id=%1$sn,chardev=%1$s,queues=%2$d".formatted(id, pairs)));
            String queues = pairs > 1 ? ",mq=on" : "";
            // Without KVM, QEMU 7.2 ends with a segmentation fault when a vhost-user NIC has MSI-X.
            String vectors = qemu == Qemu.DEBIAN_12 ? ",vectors=0" : ",vectors=" + (2 * pairs + 2);
            nics.addAll(List.of(
                    "-device", nicDevice("virtio-net-pci" + queues + vectors + rings, id, id + "n", properties)));
            return this;
        }

        /** As the other of that name, with one pair of queues. */
        public Builder nic(Path socket) {
            return nic(socket, 1, "");
        }

        /** The next NIC is QEMU's own, on a stream socket that somebody listens at. */
        public Builder streamNic(Path socket, String model) {
            String id = "nic" + nics.size() / NIC_WORDS;
            nics.addAll(
                    List.of("-netdev", "stream,id=%sn,server=off,addr.type=unix,addr.path=%s".formatted(id, socket)));
            nics.addAll(List.of("-device", nicDevice(model, id, id + "n", ""), "-name", "guest"));
            return this;
        }

        private static String nicDevice(String model, String id, String netdev, String properties) {
            return "%s,id=%s,netdev=%s,mac=52:54:00:00:01:%02x%s"
                    .formatted(model, id, netdev, STATIONS.incrementAndGet() & 0xff, properties);
        }

        /** Boots it, with its sockets and files in a directory of its own. */
        public Guest boot(Path directory) throws IOException, InterruptedException {
            Guest guest = start(directory);
            try {
                guest.awaitBoot();
                return guest;
            } catch (Throwable e) {
                guest.close();
                throw e;
            }
        }

        /** Begins to boot it, as {@link #boot} does, while others boot, too. */
        public Guest start(Path directory) throws IOException {
            Path home = Files.createTempDirectory(directory, "guest");
            return new Guest(Child.start("QEMU", command(home)), home.resolve("console"), home.resolve("qmp"));
        }

        private List<String> command(Path home) throws IOException {
            Files.writeString(home.resolve("command"), SHELL);
            Map<String, String> values = Map.of(
                    "{qemu}", qemu.program(),
                    "{machine}", machine,
                    "{cpus}", String.valueOf(cpus),
                    "{memory}", memory,
                    "{backing}", backing,
                    "{kernel}", Lab.kernel(),
                    "{initramfs}", Lab.initramfs(),
                    "{home}", home.toString());
            List<String> command = new ArrayList<>();
            for (String word : COMMAND.split("\\s+", -1)) {
                for (Map.Entry<String, String> value : values.entrySet()) {
                    word = word.replace(value.getKey(), value.getValue());
                }
                command.add(word);
            }
            command.addAll(List.of("-append", String.join(" ", kernelWords)));
            command.addAll(disks);
            command.addAll(more);
            if (!nics.isEmpty()) {
                command.addAll(nics);
                command.addAll(List.of("-fw_cfg", "name=opt/ringside/data,file=" + Transfer.data(home)));
            }
            return command;
        }
    }
}
