package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a guest does with a NIC on a TAP of its host, under each QEMU that there is a subclass for. One guest with a NIC
 * of two queue pairs serves all tests.
 */
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class NetGuestOnTap {
    private static final int JUMBO = 9000;
    private static final String HOST = "10.0.0.1";
    private static final String HOST6 = "[fd00:10::1]";
    private static final String GUEST = "10.0.0.2";
    private static final String GUEST6 = "[fd00:10::2]";

    private final Guest.Builder machine;
    private final boolean captured;
    private Path directory;

    @AutoClose
    private NetNamespace host;

    @AutoClose
    private Backend backend;

    @AutoClose
    private Guest guest;

    @AutoClose
    private Qmp qmp;

    /** @param captured whether all that passes is written to a file, too, which takes the way with a copy */
    NetGuestOnTap(Guest.Builder machine, boolean captured) {
        this.machine = machine;
        this.captured = captured;
    }

    @BeforeAll
    void bootGuest(@TempDir Path temporary) throws Exception {
        directory = temporary;
        host = NetNamespace.create();
        host.tap("tap0", 1, JUMBO, "multi_queue");
        Path socket = directory.resolve("nic");
        String device = "socket-path=" + socket + ",link=tap:tap0,queues=2,mtu=" + JUMBO
                + (captured ? ",pcap=" + directory.resolve("pcap") : "");
        backend = Backend.nics(host, List.of(device), "--threads=2");
        guest = machine.cpus(2).nic(socket, 2, ",host_mtu=" + JUMBO).boot(directory);
        qmp = guest.qmp();
        guest.address("eth0", 2);
    }

    @Test
    void theMtuIsWhatTheHostSays() throws Exception {
        assertThat(guest.run("cat /sys/class/net/eth0/mtu")).isEqualTo(String.valueOf(JUMBO));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ping -c1 -W5", "ping6 -c1 -W5"})
    void pingsOfEverySizePass(String ping) throws Exception {
        String target = ping.startsWith("ping6") ? "fd00:10::1" : HOST;
        guest.run("for size in 0 1 18 64 1472 1473 8952 8953 8972 8973 20001 65507; do %s -s $size %s || exit 1; done"
                .formatted(ping, target));
    }

    /** 10 and 2 are IP_MTU_DISCOVER and IP_PMTUDISC_DO: no fragments. */
    @Test
    void aJumboPacketPassesUncut() throws Exception {
        String sender = " /dev/zero | socat -u -b 65536 - UDP4:" + HOST + ":7000,setsockopt-int=0:10:2";
        try (Child receiver = host.start("timeout 20 $BIN/socat -u -b 65536 UDP4-RECVFROM:7000 - | wc -c")) {
            awaitUdpListener();
            guest.run("head -c 8972" + sender);
            assertThat(receiver.finish().expectSuccess()).isEqualTo("8972");
        }
        assertThat(guest.attempt("head -c 8973" + sender).out()).contains("Message too long");
    }

    private void awaitUdpListener() throws Exception {
        // 1B58 is 7000.
        host.shell("until grep -q ':1B58 ' /proc/net/udp; do sleep 0.02; done");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tx on sg on tso on gso on gro on",
                "tx on sg on tso off gso off gro off",
                "tx off sg off tso off gso off gro off"
            })
    void tcpPassesBothWaysWithOffloadsOnAndOff(String offloads) throws Exception {
        guest.run("ethtool -K eth0 " + offloads);
        host.shell("$BIN/ethtool -K tap0 " + offloads);
        Transfer.ofMib(8).check(guest, host, HOST);
        Transfer.ofMib(8).check(host, guest, GUEST, directory);
        Transfer.ofMib(8).check(guest, host, HOST6);
        Transfer.ofMib(8).check(host, guest, GUEST6, directory);
    }

    @Test
    void muchDataIsTheSameOnBothSides() throws Exception {
        Transfer.ofMib(Transfer.LARGE_MIB).check(guest, host, HOST);
        Transfer.ofMib(Transfer.LARGE_MIB).check(host, guest, GUEST, directory);
    }

    @Test
    void iperfMovesTcpAndUdpBothWays() throws Exception {
        for (String way : List.of("", " -R")) {
            assertThat(iperf("-t 1" + way)).contains("receiver");
            // What a receiver that had to wait for its processor has lost is not of interest here, unless it is all.
            assertThat(iperf("-u -b 4M -l 1400 -t 1" + way))
                    .containsPattern("/\\d+ \\(\\d\\d?(\\.\\d+)?%\\)  receiver");
        }
    }

    /** With a server of its own: one that serves several resets a client that comes while it still ends with the one before. */
    private String iperf(String options) throws Exception {
        try (Child server = host.start("exec $BIN/iperf3 -s -1 --forceflush")) {
            server.out().await("Server listening");
            String said = guest.run("iperf3 %s -c %s".formatted(options, HOST));
            server.finish().expectSuccess();
            return said;
        }
    }

    @Test
    void theNumberOfQueuePairsCanBeChanged() throws Exception {
        for (int pairs : new int[] {1, 2, 1, 2}) {
            guest.run("ethtool -L eth0 combined " + pairs);
            assertThat(guest.run("ethtool -l eth0 | tail -n 1 | tr -dc 0-9")).isEqualTo(String.valueOf(pairs));
            Transfer.ofMib(4).check(guest, host, HOST);
            Transfer.ofMib(4).check(host, guest, GUEST, directory);
        }
    }

    @Test
    void theLinkGoesDownAndComesBack() throws Exception {
        qmp.execute("set_link", Map.of("name", "nic0", "up", false));
        guest.run("until [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do usleep 10000; done");
        assertThat(guest.attempt("ping -c1 -W1 " + HOST).status()).isNotZero();
        qmp.execute("set_link", Map.of("name", "nic0", "up", true));
        guest.run("until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do usleep 10000; done");
        reaches();
    }

    @Test
    void theDriverComesBackAfterBeingUnbound() throws Exception {
        guest.run("""
                cd /sys/bus/virtio/drivers/virtio_net && device=$(basename "$(readlink -f /sys/class/net/eth0/device)")
                for i in 1 2 3; do echo $device >unbind && echo $device >bind || exit 1; done""");
        guest.address("eth0", 2);
        reaches();
    }

    @Test
    void theNicWorksAfterAResetUnderLoad() throws Exception {
        guest.run("socat -u /dev/zero UDP-SENDTO:" + HOST + ":9 >/dev/null 2>&1 &");
        qmp.execute("system_reset", Map.of());
        guest.awaitBoot();
        guest.address("eth0", 2);
        reaches();
        assertThat(backend.process().isAlive()).isTrue();
    }

    private void reaches() throws Exception {
        guest.run("ping -c1 -W10 " + HOST);
        Transfer.ofMib(4).check(guest, host, HOST);
        Transfer.ofMib(4).check(host, guest, GUEST, directory);
    }
}
