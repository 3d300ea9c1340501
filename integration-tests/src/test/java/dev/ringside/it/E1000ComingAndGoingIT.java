package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.E1000;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.Qmp;
import dev.ringside.it.support.TwoStations;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Drivers that come and go, and a card that does, while there is traffic. */
@ExtendWith(Lab.class)
class E1000ComingAndGoingIT {
    private static final int PLUGS = 3;

    @TempDir
    private Path directory;

    @Test
    void aDriverIsLoadedFiftyTimes() throws Exception {
        Path link = directory.resolve("link");
        try (Backend card = E1000.serve(directory.resolve("card"), "stream:" + link);
                Guest guest = boot(card, link)) {
            TwoStations stations = new TwoStations(guest);
            guest.run("""
                    for i in $(seq 49); do
                      rmmod e1000 && modprobe e1000 || exit
                      for nic in /sys/class/net/eth*; do ip link set "${nic##*/}" up || exit; done
                    done
                    rmmod e1000 && modprobe e1000
                    """);
            stations.nearUp();
            stations.copy(4);
        }
    }

    @Test
    void aCardIsPulledOutAndPluggedInWhileThereIsTraffic() throws Exception {
        Path link = directory.resolve("link");
        try (Backend card = E1000.serve(directory.resolve("card"), "stream:" + link);
                Guest guest = boot(card, link);
                Qmp qmp = guest.qmp()) {
            TwoStations stations = new TwoStations(guest);
            long pid = card.process().pid();
            Map<String, Long> before = Map.of();
            for (int i = 0; i < PLUGS; i++) {
                stations.far("iperf3 -s -D");
                guest.run("until iperf3 -t 1000 -c " + TwoStations.FAR
                        + " >/dev/null 2>&1; do [ -e /sys/class/net/near ] || exit; done &"
                        + " ip netns exec far ping -A -q " + TwoStations.NEAR + " >/dev/null 2>&1 & true");
                guest.run("until [ $(cat /sys/class/net/near/statistics/tx_packets) -gt 1000 ]; do usleep 20000; done");
                qmp.execute("device_del", Map.of("id", "card"));
                qmp.awaitEvent("DEVICE_DELETED", "card");
                guest.run("until [ ! -e /sys/class/net/near ]; do usleep 10000; done;"
                        + " while pids=$(pidof ping iperf3); do kill $pids; usleep 20000; done");
                qmp.execute("device_add", E1000.plug("card", card.socket()));
                stations.nearUp();
                stations.copy(4);
                Map<String, Long> holdings = ProcFs.holdings(pid);
                if (i == 0) {
                    before = holdings;
                }
                assertThat(holdings).isEqualTo(before);
            }
        }
    }

    private Guest boot(Backend card, Path link) throws Exception {
        return Guest.under(Qemu.LATEST)
                .with(E1000.device("card", card.socket()))
                .with("-netdev", "stream,id=far,server=off,addr.type=unix,addr.path=" + link)
                .with("-device", "virtio-net-pci,netdev=far")
                .boot(directory);
    }
}
