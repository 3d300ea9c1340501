package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Firmware;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import dev.ringside.it.support.QemuTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Front-ends that come and go leave nothing behind in the backend: no descriptor, no mapping, no thread. */
@ExtendWith(Lab.class)
class ReconnectIT {
    private static final int FRONT_ENDS = 100;
    private static final int MACHINES = 10;

    /** Rounds until the JVM has everything that it makes once, each thread of a pool among it. */
    private static final int WARM_UP = 10;

    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        image = Images.blank(directory.resolve("disk"), Images.MIB);
    }

    /** A front-end with a backend to connect to. */
    private interface FrontEnd {
        void comeAndGo(Path socket) throws Exception;
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void nothingIsLeftOfAHundredFrontEnds(String engine) throws Exception {
        try (Backend backend = Backend.serve(image, "--engine=" + engine)) {
            leavesNothing(
                    backend,
                    FRONT_ENDS,
                    socket -> QemuTools.io(socket, "write -P 0x5a 0 64k", "read -P 0x5a 0 64k")
                            .expectSuccess());
        }
    }

    /** These use more of the protocol than qemu-io does. */
    @Test
    void nothingIsLeftOfMachinesThatBoot() throws Exception {
        Firmware.install(image);
        try (Backend backend = Backend.serve(image)) {
            leavesNothing(backend, MACHINES, socket -> Firmware.boot(Qemu.LATEST, socket));
        }
    }

    private static void leavesNothing(Backend backend, int times, FrontEnd frontEnd) throws Exception {
        for (int i = 0; i < WARM_UP; i++) {
            frontEnd.comeAndGo(backend.socket());
        }
        Map<String, Long> before = holdingsWhileConnected(backend);
        for (int i = 0; i < times; i++) {
            frontEnd.comeAndGo(backend.socket());
        }
        assertThat(holdingsWhileConnected(backend)).isEqualTo(before);
    }

    /** With a front-end nothing is left of the one before, for only then is the next one accepted. */
    private static Map<String, Long> holdingsWhileConnected(Backend backend) throws Exception {
        try (Child frontEnd = QemuTools.attach(backend.socket())) {
            Map<String, Long> holdings = ProcFs.holdings(backend.process().pid());
            frontEnd.closeInput();
            frontEnd.finish().expectSuccess();
            return holdings;
        }
    }
}
