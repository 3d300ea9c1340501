package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Transfer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Guests at the two ends of a stream: ours and QEMU's own, and two of ours. */
@ExtendWith(Lab.class)
class NetStreamIT {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void aNicOfOursTalksToOneOfQemus(Qemu qemu) throws Exception {
        Path nic = directory.resolve("nic");
        Path stream = directory.resolve("stream");
        try (Backend backend = Backend.nics(List.of("socket-path=" + nic + ",link=stream:" + stream));
                Guest ours = Guest.under(Qemu.LATEST).nic(nic).boot(directory);
                Guest theirs = Guest.under(qemu).streamNic(stream, "e1000").boot(directory)) {
            exchange(ours, theirs);
            assertThat(backend.process().isAlive()).isTrue();
        }
    }

    @Test
    void twoNicsOfOursTalkToEachOther() throws Exception {
        Path stream = directory.resolve("stream");
        List<String> devices = List.of(
                "socket-path=" + directory + "/1,queues=2,link=stream:" + stream,
                "socket-path=" + directory + "/2,link=stream:" + stream);
        try (Backend backend = Backend.nics(devices, "--threads=2");
                Guest one = Guest.under(Qemu.LATEST)
                        .nic(directory.resolve("1"), 2, "")
                        .boot(directory);
                Guest other =
                        Guest.under(Qemu.LATEST).nic(directory.resolve("2")).boot(directory)) {
            exchange(one, other);
            assertThat(backend.process().isAlive()).isTrue();
        }
    }

    private static void exchange(Guest one, Guest other) throws Exception {
        one.address("eth0", 1);
        other.address("eth0", 2);
        one.run("ping -c1 -W10 -s 65507 10.0.0.2");
        Transfer.ofMib(8).check(one, other, "10.0.0.2");
        Transfer.ofMib(8).check(other, one, "[fd00:10::1]");
    }
}
