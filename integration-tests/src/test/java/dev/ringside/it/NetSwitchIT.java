package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Pcap;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Qmp;
import dev.ringside.it.support.Transfer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Four guests on one switch: one with all offloads, one under the oldest QEMU, one that takes nothing but plain frames,
 * and a legacy device with short headers.
 */
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetSwitchIT {
    private static final String PLAIN = ",guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"
            + ",guest_uso4=off,guest_uso6=off";

    private Pcap atPlain;

    @AutoClose
    private Backend backend;

    @AutoClose
    private Guest modern;

    @AutoClose
    private Guest oldest;

    @AutoClose
    private Guest plain;

    @AutoClose
    private Guest legacy;

    @BeforeAll
    void bootGuests(@TempDir Path directory) throws Exception {
        String nic = "socket-path=" + directory + "/%d,link=switch%s";
        Path capture = directory.resolve("pcap");
        backend = Backend.nics(
                List.of(
                        nic.formatted(1, ""),
                        nic.formatted(2, ",queues=2"),
                        nic.formatted(3, ",pcap=" + capture),
                        nic.formatted(4, "")),
                "--threads=2");
        atPlain = new Pcap(capture);
        modern = Guest.under(Qemu.LATEST)
                .memory("320M")
                .nic(directory.resolve("1"), 1, ",guest_announce=off")
                .start(directory);
        oldest = Guest.under(Qemu.DEBIAN_12)
                .memory("320M")
                .nic(directory.resolve("2"), 2, "")
                .start(directory);
        plain = Guest.under(Qemu.LATEST)
                .memory("320M")
                .nic(directory.resolve("3"), 1, PLAIN + ",mrg_rxbuf=off")
                .start(directory);
        legacy = Guest.under(Qemu.LATEST)
                .memory("320M")
                .nic(directory.resolve("4"), 1, ",disable-modern=on,mrg_rxbuf=off")
                .start(directory);
        int number = 1;
        for (Guest guest : List.of(modern, oldest, plain, legacy)) {
            guest.awaitBoot();
            guest.address("eth0", number++);
        }
    }

    @Test
    void everyGuestReachesEveryOther() throws Exception {
        for (Guest guest : List.of(modern, oldest, plain, legacy)) {
            guest.run(
                    "for n in 1 2 3 4; do ping -c1 -W10 -s 3000 10.0.0.$n && ping6 -c1 -W10 fd00:10::$n || exit 1; done");
        }
    }

    @Test
    void muchDataIsTheSameInBothGuests() throws Exception {
        Transfer.ofMib(Transfer.LARGE_MIB).check(modern, oldest, "10.0.0.2");
        Transfer.ofMib(Transfer.LARGE_MIB).check(oldest, modern, "[fd00:10::1]");
    }

    @Test
    void framesAreCutAndSummedForAGuestThatWantsThemPlain() throws Exception {
        Transfer.ofMib(2).check(modern, plain, "10.0.0.3");
        Transfer.ofMib(2).check(modern, plain, "[fd00:10::3]");
        Transfer.ofMib(2).check(plain, modern, "10.0.0.1");
        String received = "eth.dst==" + plain.run("cat /sys/class/net/eth0/address");
        assertThat(atPlain.countBad(received)).isZero();
        assertThat(atPlain.count(received + " && frame.len > 1514")).isZero();
        // A segment carries 1448 bytes at most.
        assertThat(atPlain.count(received + " && ip && tcp.len > 0")).isGreaterThan(2_000_000 / 1448);
        assertThat(atPlain.count(received + " && ipv6 && tcp.len > 0")).isGreaterThan(2_000_000 / 1448);
    }

    @Test
    void aLegacyDeviceExchangesDataWithAModernOne() throws Exception {
        Transfer.ofMib(16).check(legacy, modern, "10.0.0.1");
        Transfer.ofMib(16).check(modern, legacy, "[fd00:10::4]");
    }

    @Test
    void aFrozenGuestIsNoConcernOfTheOthers() throws Exception {
        String station = legacy.run("cat /sys/class/net/eth0/address");
        modern.run("ip neigh replace 10.0.0.4 lladdr " + station + " dev eth0 nud permanent");
        legacy.run("ping -c1 -W10 10.0.0.1");
        legacy.freeze();
        try {
            modern.run("socat -u /dev/zero UDP-SENDTO:10.0.0.4:9 >/dev/null 2>&1 & echo $! >/tmp/flood");
            Transfer.ofMib(8).check(modern, oldest, "10.0.0.2");
            Transfer.ofMib(8).check(oldest, plain, "10.0.0.3");
        } finally {
            legacy.thaw();
            modern.run("kill $(cat /tmp/flood)");
        }
        Transfer.ofMib(4).check(legacy, modern, "10.0.0.1");
        assertThat(backend.process().isAlive()).isTrue();
    }

    /** QEMU sends SEND_RARP for a guest that does not announce itself, as it does after a migration. */
    @Test
    void anAnnouncementReachesTheOthers() throws Exception {
        String announced = "arp.opcode==3 && eth.src==" + modern.run("cat /sys/class/net/eth0/address");
        try (Qmp qmp = modern.qmp()) {
            qmp.execute("announce-self", Map.of("initial", 50, "max", 100, "rounds", 2, "step", 50));
            Await.until("the announcement is in the capture", () -> atPlain.count(announced) > 0);
        }
    }
}
