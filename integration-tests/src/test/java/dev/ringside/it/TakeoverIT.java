package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Transfer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SIGUSR2: a new process goes on where the old one ends, and a guest that does not even reconnect works on. */
@ExtendWith(Lab.class)
class TakeoverIT {
    private static final int MIB = 64;

    @TempDir
    private Path directory;

    @Test
    void newProcessesTakeOverWhileAGuestWorks() throws Exception {
        Path image = Images.blank(directory.resolve("disk"), MIB * Images.MIB);
        try (Backend backend = Backend.serve(image);
                Guest guest = Guest.under(Qemu.LATEST).disk(backend.socket(), 1).boot(directory)) {
            // A new process that cannot have the disk.
            Path elsewhere = Files.move(image, directory.resolve("elsewhere"));
            backend.process().signal("USR2");
            backend.process().err().await("not handed over, going on");
            Files.move(elsewhere, image);
            assertThat(Files.exists(backend.socket())).isTrue();
            guest.run("dd if=/dev/vda of=/dev/null bs=1M count=4 iflag=direct");

            Fio.startVerifying(guest, "/dev/vda", MIB, 1);
            backend.process().signal("USR2");
            backend.process().err().await("handed over in ");
            assertThat(backend.awaitHandover()).isZero();
            ProcessHandle second = successor("vhost-user-blk.jar", backend.socket());
            guest.run("a=$(awk '{print $7}' /sys/block/vda/stat);"
                    + " until [ $(awk '{print $7}' /sys/block/vda/stat) -gt $((a + 500)) ]; do usleep 20000; done");

            new ProcessBuilder("/bin/sh", "-c", "kill -s USR2 " + second.pid())
                    .start()
                    .waitFor();
            Await.until("the second process has ended", () -> !second.isAlive());
            ProcessHandle third = successor("vhost-user-blk.jar", backend.socket());
            try {
                Fio.awaitVerified(guest);
                guest.powerOff();
                QemuTools.io(backend.socket(), "read 0 4k").expectSuccess();
            } finally {
                third.destroy();
                Await.until("the third process has ended", () -> !third.isAlive());
            }
            assertThat(Files.exists(backend.socket())).isFalse();
        }
    }

    /** A TAP that nobody but the backend holds open would go with the old process, were it not handed over. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aNicKeepsItsTap(boolean packed) throws Exception {
        Path socket = directory.resolve("nic");
        Guest.Builder machine = Guest.under(Qemu.LATEST);
        try (NetNamespace host = NetNamespace.create();
                Backend backend = Backend.nics(host, List.of("socket-path=" + socket + ",link=tap:tap0"));
                Guest guest = (packed ? machine.packed() : machine).nic(socket).boot(directory)) {
            host.ip("addr add 10.0.0.1/24 dev tap0");
            guest.address("eth0", 2);
            guest.run("ping -c1 -W10 10.0.0.1");
            guest.run("socat -u /dev/zero UDP-SENDTO:10.0.0.1:9 >/dev/null 2>&1 &");
            backend.process().signal("USR2");
            assertThat(backend.awaitHandover()).isZero();
            ProcessHandle second = successor("vhost-user-net.jar", socket);
            try {
                guest.run("ping -c1 -W10 10.0.0.1");
                Transfer.ofMib(4).check(guest, host, "10.0.0.1");
                Transfer.ofMib(4).check(host, guest, "10.0.0.2", directory);
                guest.powerOff();
            } finally {
                second.destroy();
                Await.until("the second process has ended", () -> !second.isAlive());
            }
        }
    }

    private static ProcessHandle successor(String program, Path socket) throws Exception {
        List<ProcessHandle> found = new ArrayList<>();
        Await.until("there is one process, which has taken over", () -> {
            found.clear();
            ProcessHandle.allProcesses()
                    .filter(process -> serves(ProcFs.commandLine(process.pid()), program, socket))
                    .forEach(found::add);
            return found.size() == 1
                    && ProcFs.commandLine(found.getFirst().pid()).contains("--takeover=");
        });
        return found.getFirst();
    }

    private static boolean serves(String commandLine, String program, Path socket) {
        return commandLine.contains(program)
                && (commandLine.contains(socket + " ") || commandLine.contains(socket + ","));
    }
}
