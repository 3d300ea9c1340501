package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

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
            Fio.startVerifying(guest, "/dev/vda", MIB, 1);
            backend.process().signal("USR2");
            backend.process().err().await("handed over in ");
            assertThat(backend.awaitHandover()).isZero();
            ProcessHandle second = successor(backend.socket());
            guest.run("a=$(awk '{print $7}' /sys/block/vda/stat);"
                    + " until [ $(awk '{print $7}' /sys/block/vda/stat) -gt $((a + 500)) ]; do usleep 20000; done");

            new ProcessBuilder("/bin/sh", "-c", "kill -s USR2 " + second.pid())
                    .start()
                    .waitFor();
            Await.until("the second process has ended", () -> !second.isAlive());
            ProcessHandle third = successor(backend.socket());
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

    private static ProcessHandle successor(Path socket) throws Exception {
        List<ProcessHandle> found = new ArrayList<>();
        Await.until("there is one process, which has taken over", () -> {
            found.clear();
            ProcessHandle.allProcesses()
                    .filter(process -> ProcFs.commandLine(process.pid()).contains(socket + " ")
                            && ProcFs.commandLine(process.pid()).contains("vhost-user-blk.jar"))
                    .forEach(found::add);
            return found.size() == 1
                    && ProcFs.commandLine(found.getFirst().pid()).contains("--takeover=");
        });
        return found.getFirst();
    }
}
