package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
import dev.ringside.it.support.Qemu;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The backend of a NIC is killed while frames pass both ways, and another takes its place. */
@ExtendWith(Lab.class)
class NetRecoverIT {
    private static final String HOST = "10.0.0.1";
    private static final String GUEST = "10.0.0.2";

    @TempDir
    private Path directory;

    private Path socket;

    @BeforeEach
    void chooseSocket() {
        socket = directory.resolve("nic");
    }

    private Backend serve(NetNamespace host) throws InterruptedException {
        return Backend.nics(host, List.of("socket-path=" + socket + ",link=tap:tap0"), "-v");
    }

    @Test
    void aNicWorksOn() throws Exception {
        killUnderTraffic(Guest.under(Qemu.LATEST), guest -> {});
    }

    /** Where a packed ring stands nobody knows after the backend, so that both sides have to begin anew. */
    @Test
    void aNicWithPackedRingsWorksOnWhenItsDriverHasResetIt() throws Exception {
        killUnderTraffic(Guest.under(Qemu.LATEST).packed(), guest -> {
            guest.run("""
                    cd /sys/bus/virtio/drivers/virtio_net && device=$(basename "$(readlink -f /sys/class/net/eth0/device)")
                    echo $device >unbind && echo $device >bind""");
            guest.address("eth0", 2);
        });
    }

    /** What a guest does when its NIC has a backend again. */
    private interface Recovery {
        void of(Guest guest) throws Exception;
    }

    private void killUnderTraffic(Guest.Builder machine, Recovery recovery) throws Exception {
        try (NetNamespace host = NetNamespace.create()) {
            host.tap("tap0", 1, 1500, "");
            Backend backend = serve(host);
            try (Guest guest = machine.reconnectingNic(socket).boot(directory)) {
                guest.address("eth0", 2);
                guest.run("ping -c1 -W10 " + HOST);
                guest.run("socat -u /dev/zero UDP-SENDTO:" + HOST + ":9 >/dev/null 2>&1 &");
                try (Child flood = host.start("exec $BIN/socat -u /dev/zero UDP-SENDTO:" + GUEST + ":9")) {
                    guest.run("""
                            a=$(cat /sys/class/net/eth0/statistics/rx_packets)
                            until [ $(cat /sys/class/net/eth0/statistics/rx_packets) -gt $((a + 1000)) ]; do usleep 20000; done""");
                    backend.kill();
                    backend = serve(host);
                    backend.process().err().await("queue 1: runs from");
                    assertThat(flood.isAlive()).isTrue();
                }
                recovery.of(guest);
                guest.run("ping -c1 -W10 " + HOST);
                assertThat(backend.process().isAlive()).isTrue();
                guest.powerOff();
            } finally {
                backend.close();
            }
        }
    }
}
