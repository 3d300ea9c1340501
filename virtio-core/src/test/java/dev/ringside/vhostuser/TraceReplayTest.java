package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.FakeVring;
import dev.ringside.testing.TraceMessage;
import dev.ringside.testing.TraceReplay;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The conversations of real front-ends, word by word, with guests that use the device where theirs did. */
class TraceReplayTest extends EchoServed {
    private static void echoTwentyTimes(FakeVring vring) {
        for (int i = 0; i < 20; i++) {
            shouldEcho(vring);
        }
    }

    /** How many connections there are, and how many vrings were in use in all their pauses. */
    @ParameterizedTest
    @CsvSource({
        "libblkio, 1, 2", // two queues
        "qemu_blk, 1, 2", // one queue, first by the firmware, then by the kernel
        "qemu_net, 1, 2", // receive and transmit
        "virtio_user, 2, 4" // the second of them with packed rings, which start at 0x8000
    })
    void shouldHoldTheConversation(String recording, int connections, int uses) {
        frontEnd.close();
        List<List<TraceMessage>> all = TraceMessage.connections(recording);
        int used = 0;
        for (List<TraceMessage> connection : all) {
            try (TraceReplay replay = new TraceReplay(server.connect(), TraceReplayTest::echoTwentyTimes)) {
                used += replay.replay(connection);
            }
        }
        assertThat(all).hasSize(connections);
        assertThat(used).isEqualTo(uses);
    }
}
