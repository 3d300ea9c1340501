package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringside.it.support.Backend;
import dev.ringside.it.support.HostTools;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.QemuTools;
import dev.ringside.it.support.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code scripts/confined}: what a backend that was taken over could see and do, as the kernel tells of its process. */
@ExtendWith(Lab.class)
class ConfinedIT {
    @TempDir
    private Path directory;

    @BeforeAll
    static void namespacesAreThere() throws Exception {
        assumeTrue(
                HostTools.run("bwrap", "--unshare-user", "--unshare-net", "--dev-bind", "/", "/", "true")
                                .status()
                        == 0,
                "this host lets nobody make namespaces");
    }

    /** Starts a program confined, with bubblewrap from the lab, and waits until it is ready. */
    private static Backend confined(Path socket, String program, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(program, "--socket-path=" + socket));
        arguments.addAll(List.of(options));
        List<String> command = new ArrayList<>(
                List.of("env", "PATH=" + Path.of(Lab.program("bwrap")).getParent() + ":" + System.getenv("PATH")));
        command.addAll(Backend.script("confined", arguments.toArray(String[]::new)));
        return Backend.startedBy(command, socket);
    }

    private static long programOf(Backend backend) {
        return ProcFs.descendantNamed(backend.process().pid(), "java");
    }

    @Test
    void aDiskSeesItsImageAndItsSocketAndHasNoRights() throws Exception {
        Path image = Images.blank(directory.resolve("disk"), Images.MIB);
        Path secret = Files.writeString(directory.resolve("secret"), "another guest's");
        Path socket = Files.createDirectory(directory.resolve("socket")).resolve("disk.sock");
        try (Backend backend = confined(socket, "vhost-user-blk", "--blk-file=" + image)) {
            QemuTools.io(socket, "write -P 0x5a 0 64k", "flush", "read -P 0x5a 0 64k")
                    .expectSuccess();
            assertThat(Images.read(image, 0, 1)).containsExactly(0x5a);

            Path process = Path.of("/proc/" + programOf(backend));
            assertThat(Files.readAllLines(process.resolve("status")))
                    .contains("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1");
            // Two lines of heading.
            assertThat(Files.readAllLines(process.resolve("net/dev")))
                    .hasSize(3)
                    .last()
                    .asString()
                    .contains("lo:");
            Path root = process.resolve("root");
            assertThat(root.resolve(image.toString().substring(1))).exists();
            assertThat(root.resolve(secret.toString().substring(1))).doesNotExist();
            assertThat(root.resolve("etc/passwd")).doesNotExist();
            assertThat(root.resolve("root")).doesNotExist();

            Result result = backend.end("TERM");
            assertThat(result.status()).isZero();
            assertThat(result.err()).contains("65536 bytes read, 65536 written").doesNotContain("WARN");
            assertThat(socket).as("an orderly end removes it").doesNotExist();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"vhost-user-net", "emulated-e1000"})
    void aNicEndsInOrderAndHasNothingToComplainOf(String program) throws Exception {
        Path socket = directory.resolve("nic.sock");
        try (Backend backend = confined(socket, program, "--link=echo")) {
            Result result = backend.end("INT");
            assertThat(result.status()).isZero();
            assertThat(result.err()).doesNotContain("WARN");
            assertThat(socket).doesNotExist();
        }
    }
}
