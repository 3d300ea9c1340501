package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.E1000;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Qemu;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What guests with this card have to do with others on their link, whatever NICs those have. */
@ExtendWith(Lab.class)
class E1000ExchangeIT {
    private static final String MEMORY = "896M";
    private static final int MIB = 256;

    @TempDir
    private Path directory;

    @Test
    void throughOneSwitch() throws Exception {
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        try (Backend cards = E1000.serveSwitched(first, second);
                Guest here = boot(E1000.device("nic", cards.socket()));
                Guest there = boot(E1000.device("nic", second))) {
            exchange(here, there);
        }
    }

    /** One with an emulated card, the other with a para-virtual one, each served by a process of its own. */
    @Test
    void withAVirtioNicOverAStream() throws Exception {
        String link = "stream:" + directory.resolve("link");
        try (Backend card = E1000.serve(directory.resolve("card"), link);
                Backend nic = E1000.serveVirtio(directory.resolve("nic"), link);
                Guest here = boot(E1000.device("nic", card.socket()));
                Guest there = boot(
                        "-chardev", "socket,id=net,path=" + nic.socket(),
                        "-netdev", "vhost-user,id=nic,chardev=net",
                        "-device", "virtio-net-pci,netdev=nic")) {
            exchange(here, there);
        }
    }

    /** A network that gives addresses away. */
    @Test
    void withTheHostsNetwork() throws Exception {
        try (Backend card = E1000.serve(directory.resolve("card"), "user");
                Guest guest = boot(E1000.device("nic", card.socket()))) {
            guest.run("ip link set eth0 up; udhcpc -i eth0 -s /etc/udhcpc -n -q -t 20");
            assertThat(guest.run("ip -4 -o addr show dev eth0")).contains("inet ");
        }
    }

    private Guest boot(String... device) throws IOException, InterruptedException {
        return Guest.under(Qemu.LATEST).memory(MEMORY).with(device).boot(directory);
    }

    private static void exchange(Guest here, Guest there) throws IOException, InterruptedException {
        plug(here, "10.1.0.1");
        plug(there, "10.1.0.2");
        here.run("head -c %d /dev/urandom >/tmp/file".formatted(MIB << 20));
        String sum = here.sha256("/tmp/file");
        there.run("nc -l -p 5000 -e sh -c 'cat >/tmp/file' >/dev/null 2>&1 &");
        // The other side closes the connection when it has everything.
        here.run("until nc 10.1.0.2 5000 </tmp/file; do usleep 20000; done 2>/dev/null");
        assertThat(there.sha256("/tmp/file")).isEqualTo(sum);
    }

    private static void plug(Guest guest, String address) throws IOException, InterruptedException {
        guest.run("ip addr add " + address + "/24 dev eth0 && ip link set eth0 up");
    }
}
