package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Child;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.QemuTools;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hundred front-ends leave nothing behind in the backend. */
@ExtendWith(Lab.class)
class ReconnectIT {
    private static final int WARM_UP = 5;
    private static final int FRONT_ENDS = 100;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void noDescriptorMappingOrThreadIsLeftOfAHundredFrontEnds(String engine) throws Exception {
        try (Backend backend =
                Backend.serve(Images.blank(directory.resolve("disk"), Images.MIB), "--engine=" + engine)) {
            for (int i = 0; i < WARM_UP; i++) {
                comeAndGo(backend, i);
            }
            Map<String, Long> before = holdingsWhileConnected(backend);
            for (int i = 0; i < FRONT_ENDS; i++) {
                comeAndGo(backend, i);
            }
            assertThat(holdingsWhileConnected(backend)).isEqualTo(before);
        }
    }

    private static void comeAndGo(Backend backend, int i) throws InterruptedException {
        int pattern = 1 + i;
        QemuTools.io(backend.socket(), "write -P %d 0 64k".formatted(pattern), "read -P %d 0 64k".formatted(pattern))
                .expectSuccess();
    }

    /** While a front-end is served nothing of the one before is left, for only then is the next one accepted. */
    private static Map<String, Long> holdingsWhileConnected(Backend backend) throws Exception {
        try (Child frontEnd = QemuTools.attach(backend.socket())) {
            Map<String, Long> holdings = ProcFs.holdings(backend.process().pid());
            frontEnd.closeInput();
            frontEnd.finish().expectSuccess();
            return holdings;
        }
    }
}
