package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Server;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The NIC that a guest has by default: on the host's network through passt, without any right on the host. */
@ExtendWith(Lab.class)
class NetUserIT {
    @TempDir
    private Path directory;

    private GuestScript script;

    @BeforeEach
    void makeScript() throws Exception {
        script = new GuestScript(directory);
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(script.temporaryFiles()).isEmpty();
        assertThat(script.processes()).isEmpty();
    }

    /** The host's loopback is where the gateway seems to be. */
    @Test
    void theGuestHasAnAddressByDhcpAndReachesTheHost() throws Exception {
        Path image = Images.random(directory.resolve("image"), 32);
        try (Server server = new Server(Files.readAllBytes(image))) {
            String fetch = """
                    until gateway=$(ip route show default | cut -d' ' -f3) && [ "$gateway" ]; do usleep 20000; done
                    ip -4 -o addr show dev eth0 scope global | wc -l
                    socat -u TCP:$gateway:%d - | sha256sum""".formatted(server.port());
            String said = script.run("--disk=none", "--net", "--run=" + fetch).expectSuccess();
            assertThat(said).isEqualTo("1\n" + Images.sha256(image) + "  -");
        }
    }

    @Test
    void ctrlCEndsPasstToo() throws Exception {
        try (Child guest = script.start("--disk=none", "--net", "--run=echo up; sleep 1000")) {
            guest.out().await("up");
            guest.descendant("passt");
            guest.signal("INT");
            guest.finish();
        }
    }
}
