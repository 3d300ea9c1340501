package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.NetNamespace;
import dev.ringside.it.support.Qemu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Links that cannot be had, or that go: one clear line, and nobody else is harmed. */
@ExtendWith(Lab.class)
class NetErrorsIT {
    private static final List<String> AS_WE_ARE = List.of();

    @TempDir
    private Path directory;

    private void refuses(List<String> entering, String link, String text) throws Exception {
        assertThat(Backend.runNics(entering, "--socket-path=" + directory + "/nic", "--link=" + link))
                .satisfies(Complaint.of("vhost-user-net", 1, text));
        assertThat(directory.resolve("nic")).doesNotExist();
    }

    @Test
    void aNameThatIsTooLong() throws Exception {
        refuses(AS_WE_ARE, "tap:sixteen-bytes-xx", "the name of an interface has 1 to 15 bytes");
    }

    @Test
    void noName() throws Exception {
        refuses(AS_WE_ARE, "tap:", "the name of an interface has 1 to 15 bytes");
    }

    @Test
    void aDeviceFileThatIsNotForUs() throws Exception {
        try (NetNamespace host = NetNamespace.create()) {
            Path forbidden = Files.createFile(directory.resolve("tun"));
            // Root that may not pass over the rights of a file, in a place where the file is nobody's.
            String words = "chmod 0 " + forbidden + " && mount --bind " + forbidden + " /dev/net/tun && exec setpriv"
                    + " --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search -- \"$@\"";
            List<String> entering = host.enter(List.of("unshare", "--mount", "--", "/bin/sh", "-c", words, "sh"));
            refuses(entering, "tap:tap0", "/dev/net/tun: Permission denied (is this user allowed to use TAPs?)");
        }
    }

    @Test
    void anInterfaceThatWeMayNotMake() throws Exception {
        try (NetNamespace host = NetNamespace.create()) {
            List<String> entering =
                    host.enter(List.of("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"));
            refuses(entering, "tap:tap0", "Operation not permitted (make it beforehand: ip tuntap add");
        }
    }

    @Test
    void anInterfaceThatIsNoTap() throws Exception {
        try (NetNamespace host = NetNamespace.create()) {
            refuses(host.enter(AS_WE_ARE), "tap:lo", "Invalid argument (is it a TAP, made with vnet_hdr?)");
        }
    }

    @Test
    void anInterfaceThatIsInUse() throws Exception {
        try (NetNamespace host = NetNamespace.create();
                Backend first = Backend.nics(host, List.of("socket-path=" + directory + "/first,link=tap:tap0"))) {
            refuses(host.enter(AS_WE_ARE), "tap:tap0", "Device or resource busy (another process uses it)");
            assertThat(first.process().isAlive()).isTrue();
        }
    }

    @Test
    void aDescriptorThatIsNoTap() throws Exception {
        refuses(AS_WE_ARE, "tapfd:0", "tapfd:0: ");
    }

    @Test
    void aStreamThatCannotBe() throws Exception {
        refuses(AS_WE_ARE, "stream:" + directory + "/missing/socket", "nobody listens there, and: ");
    }

    @Test
    void noPasst() throws Exception {
        refuses(List.of("env", "PATH=" + withoutPasst()), "user", "link=user needs the program passt");
    }

    /** What the launcher needs, and nothing else. */
    private String withoutPasst() throws Exception {
        Path bin = Files.createDirectory(directory.resolve("bin"));
        for (String program : List.of("bash", "env", "readlink", "dirname", "sed", "sort", "head", "grep", "uname")) {
            for (String place : List.of("/usr/bin/", "/bin/")) {
                if (Files.exists(Path.of(place + program)) && !Files.exists(bin.resolve(program))) {
                    Files.createSymbolicLink(bin.resolve(program), Path.of(place + program));
                }
            }
        }
        return bin.toString();
    }

    @Test
    void aTapThatIsDeletedWhileItIsUsed() throws Exception {
        try (NetNamespace host = NetNamespace.create()) {
            host.tap("tap0", 1, 1500, "");
            List<String> devices = List.of(
                    "socket-path=" + directory + "/1,link=tap:tap0", "socket-path=" + directory + "/2,link=echo");
            try (Backend backend = Backend.nics(host, devices);
                    Guest guest = Guest.under(Qemu.LATEST)
                            .nic(directory.resolve("1"))
                            .nic(directory.resolve("2"))
                            .boot(directory)) {
                guest.address("eth0", 2);
                guest.run("ping -c1 -W10 10.0.0.1");
                guest.run("socat -u /dev/zero UDP-SENDTO:10.0.0.1:9 >/dev/null 2>&1 &");
                host.ip("link del tap0");
                backend.process().err().await("tap:tap0: the interface has been deleted");
                guest.run("ip addr flush dev eth0; ip addr add 10.0.1.2/24 dev eth1; ping -c1 -W10 10.0.1.1");
                guest.powerOff();
                assertThat(backend.end("TERM").status()).isZero();
            }
        }
    }
}
