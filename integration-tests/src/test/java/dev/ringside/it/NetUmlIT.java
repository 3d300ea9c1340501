package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
import dev.ringside.it.support.Transfer;
import dev.ringside.it.support.Uml;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** User-Mode Linux has a vhost-user front-end of its own, which asks the backend for what QEMU knows by itself. */
@ExtendWith(Lab.class)
class NetUmlIT {
    private static final String ADDRESS = "ip link set eth0 up && ip addr add 10.0.0.2/24 dev eth0";

    @TempDir
    private Path directory;

    @Test
    void dataIsTheSameInTheGuestAndOnItsHost() throws Exception {
        Path nic = directory.resolve("nic");
        try (NetNamespace host = NetNamespace.create()) {
            host.tap("tap0", 1, 1400, "");
            List<String> device =
                    List.of("socket-path=" + nic + ",link=tap:tap0,mtu=1400,mac=52:54:00:00:02:01,speed=2500");
            try (Backend backend = Backend.nics(host, device)) {
                String said = Transfer.ofMib(16)
                        .check(
                                directory,
                                nic,
                                "cd /sys/class/net/eth0 && cat address mtu speed duplex && " + ADDRESS
                                        + " && ping -c1 -W10 -s 65507 10.0.0.1 >/dev/null",
                                host,
                                "10.0.0.1");
                assertThat(said).isEqualTo("52:54:00:00:02:01\n1400\n2500\nfull");
                Transfer.ofMib(16).check(host, directory, nic, ADDRESS, "10.0.0.2");
                assertThat(backend.process().isAlive()).isTrue();
            }
        }
    }

    @Test
    void theGuestSeesThatTheTapIsDeleted() throws Exception {
        Path nic = directory.resolve("nic");
        try (NetNamespace host = NetNamespace.create()) {
            host.tap("tap0", 1, 1500, "");
            try (Backend backend = Backend.nics(host, List.of("socket-path=" + nic + ",link=tap:tap0"));
                    Child deleter = host.start(
                            "$BIN/socat -u TCP-LISTEN:6000,reuseaddr OPEN:/dev/null; $BIN/ip link del tap0")) {
                String said = Uml.runWithNic(
                                directory,
                                nic,
                                ADDRESS + " && cat /sys/class/net/eth0/carrier"
                                        + " && echo now | socat -u - TCP:10.0.0.1:6000,retry=100,interval=0.1\n"
                                        + "until [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do usleep 10000; done; echo 0")
                        .expectSuccess();
                assertThat(said).isEqualTo("1\n0");
                deleter.finish().expectSuccess();
                assertThat(backend.process().isAlive()).isTrue();
            }
        }
    }
}
