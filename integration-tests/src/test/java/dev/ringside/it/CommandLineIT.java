package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Images;
import dev.ringside.it.support.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line: what it answers, and what it refuses. */
class CommandLineIT {
    private static final int MISUSE = 2;

    @Test
    void capabilitiesAreJson() throws Exception {
        Result result = Backend.run("--print-capabilities");
        JsonNode capabilities = new ObjectMapper().readTree(result.expectSuccess());
        assertThat(capabilities.path("type").asText()).isEqualTo("block");
        assertThat(capabilities.path("features")).extracting(JsonNode::asText).contains("read-only", "blk-file");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void helpAndVersionGoToStdout() throws Exception {
        assertThat(Backend.run("--help").expectSuccess()).contains("--socket-path", "--blk-file", "--read-only");
        assertThat(Backend.run("--version").expectSuccess()).containsPattern("\\d+\\.\\d+");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --socket-path=SOCKET                                     | --blk-file is needed
            --blk-file=IMAGE                                         | exactly one of --socket-path, --fd and --connect
            --blk-file=IMAGE --socket-path=SOCKET --connect=SOCKET   | exactly one of --socket-path, --fd and --connect
            --blk-file=IMAGE --socket-path=SOCKET --frobnicate       | --frobnicate
            --blk-file=IMAGE --socket-path=SOCKET --num-queues=0     | --num-queues must be 1 to 256, not 0
            --blk-file=IMAGE --socket-path=SOCKET --num-queues=many  | many
            --blk-file=IMAGE --socket-path=SOCKET --threads=0        | --threads must be 1 to 256, not 0
            --blk-file=IMAGE --socket-path=SOCKET --engine=steam     | --engine must be io_uring or epoll, not steam
            --blk-file=IMAGE --socket-path=SOCKET --serial=twenty-one-characters | --serial is longer than 20 bytes
            --blk-file=IMAGE --fd=three                              | three
            """)
    void aWrongOneIsMisuse(String commandLine, String complaint, @TempDir Path directory) throws Exception {
        Path image = Images.blank(directory.resolve("disk"), Images.MIB);
        Path socket = Backend.socketOf(image);
        Result result = Backend.run(commandLine
                .replace("IMAGE", image.toString())
                .replace("SOCKET", socket.toString())
                .split(" "));
        assertThat(result).satisfies(Complaint.with(MISUSE, complaint));
        assertThat(socket).doesNotExist();
    }

    @Test
    void aDescriptorThatIsNoSocketIsRefused(@TempDir Path directory) throws Exception {
        Path image = Images.blank(directory.resolve("disk"), Images.MIB);
        for (int fd : new int[] {1, 99, -1}) {
            Result result = Backend.run("--blk-file=" + image, "--fd=" + fd);
            assertThat(result.status()).isNotZero();
            assertThat(result.err()).contains(String.valueOf(fd)).hasLineCount(1);
        }
    }
}
