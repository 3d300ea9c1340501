package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Child;
import dev.ringside.it.support.Fio;
import dev.ringside.it.support.GuestScript;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/guest}, as the README shows it. Whatever happens, it leaves no process and no file behind. */
@ExtendWith(Lab.class)
class GuestScriptIT {
    private static final int SCRIPT_FAILED = 125;
    private static final int INTERRUPTED = 130;

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

    @Test
    void theReadmesCommandVerifiesAGuestsWrites() throws Exception {
        Result result = script.run("--run=" + Fio.verify("/dev/vda", 256));
        assertThat(result.expectSuccess()).contains("err= 0");
    }

    @Test
    void outputStatusAndDisksAreTheGuests() throws Exception {
        Path first = Images.random(directory.resolve("first"), 2);
        Path second = Images.blank(directory.resolve("second"), 2 * Images.MIB);
        Result result = script.run(
                "--disk=" + first,
                "--disk=" + second,
                "--cpus=2",
                "--machine=q35",
                "--run=sha256sum /dev/vda; ls /sys/block/vdb/mq; cp /dev/vda /dev/vdb; sync; echo oops >&2; exit 7");
        assertThat(result.out()).isEqualTo(Images.sha256(first) + "  /dev/vda\n0\n1");
        assertThat(result.err()).endsWith("oops");
        assertThat(result.status()).isEqualTo(7);
        assertThat(second).hasSameBinaryContentAs(first);
    }

    @Test
    void ctrlCEndsAll() throws Exception {
        try (Child guest = script.start("--run=echo up; sleep 1000")) {
            guest.out().await("up");
            guest.signal("INT");
            assertThat(guest.finish().status()).isEqualTo(INTERRUPTED);
        }
    }

    @Test
    void theEndOfTheBackendEndsAll() throws Exception {
        endsWith("vhost-user-blk.jar");
    }

    @Test
    void theEndOfQemuEndsAll() throws Exception {
        endsWith("qemu-system-x86_64");
    }

    private void endsWith(String program) throws Exception {
        try (Child guest = script.start("--run=echo up; sleep 1000")) {
            guest.out().await("up");
            guest.descendant(program).destroyForcibly();
            Result result = guest.finish();
            assertThat(result.status()).isEqualTo(SCRIPT_FAILED);
            assertThat(result.err()).contains("ended");
        }
    }
}
