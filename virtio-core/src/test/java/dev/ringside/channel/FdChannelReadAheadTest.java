package dev.ringside.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** All that holds for a channel holds for one that reads ahead; and each descriptor finds its message there, too. */
class FdChannelReadAheadTest extends FdChannelTest {
    @Override
    Framing framing() {
        return new ReadAhead();
    }

    /** The kernel reads up to descriptors and what comes with them, and no further. */
    @Test
    void shouldGiveDescriptorsToTheLastOfTheMessagesThatCameAtOnce() throws Exception {
        send(message("a"));
        send(message("b"));
        send(message("c"), fd, fd);
        send(message("d"));
        send(message("e"), fd);
        assertThat(next()).isEqualTo(new Arrived("a", 0));
        assertThat(next()).isEqualTo(new Arrived("b", 0));
        assertThat(next()).isEqualTo(new Arrived("c", 2));
        assertThat(next()).isEqualTo(new Arrived("d", 0));
        assertThat(next()).isEqualTo(new Arrived("e", 1));
    }

    @Test
    void shouldGiveDescriptorsToAMessageThatWasReadInPart() throws Exception {
        String first = "x".repeat(ReadAhead.BYTES - 5);
        send(message(first));
        send(message("a message with descriptors, of which three bytes come along"), fd, fd);
        send(message("next"), fd);
        assertThat(next()).isEqualTo(new Arrived(first, 0));
        assertThat(next()).isEqualTo(new Arrived("a message with descriptors, of which three bytes come along", 2));
        assertThat(next()).isEqualTo(new Arrived("next", 1));
    }

    /** Two messages' worth of descriptors at once is not too many for either. */
    @Test
    void shouldCountDescriptorsForEachMessage() throws Exception {
        byte[] first = message("first");
        send(Arrays.copyOf(first, 1), fd, fd, fd, fd);
        settle();
        channel.read();
        settle();
        send(Arrays.copyOfRange(first, 1, first.length));
        send(message("second"), fd, fd, fd, fd);
        assertThat(next()).isEqualTo(new Arrived("first", 4));
        assertThat(next()).isEqualTo(new Arrived("second", 4));
    }

    @Test
    void shouldCloseTheDescriptorsOfAMessageThatWasReadAheadOnly() throws Exception {
        send(message("read"));
        send(message("not asked for"), fd, fd);
        assertThat(next()).isEqualTo(new Arrived("read", 0));
        channel.close();
        settle();
        assertThat(arrived).isEmpty();
    }

    @Test
    void shouldCloseOnABadHeaderBehindAGoodMessage() throws Exception {
        send(message("good"));
        send(new byte[] {(byte) 0xad, 0x0b}, fd);
        assertThat(next()).isEqualTo(new Arrived("good", 0));
        channel.read();
        assertThat(get(failure)).isInstanceOf(MessageFault.class);
    }

    @Test
    void shouldKeepEveryDescriptorWithItsMessage() throws Exception {
        Random random = new Random(20_261_127);
        for (int round = 0; round < 200; round++) {
            List<Arrived> sent = new ArrayList<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                String payload = "p".repeat(random.nextInt(2 * ReadAhead.BYTES));
                Fd[] fds = new Fd[random.nextInt(3) == 0 ? random.nextInt(5) : 0];
                Arrays.fill(fds, fd);
                send(message(payload), fds);
                sent.add(new Arrived(payload, fds.length));
            }
            for (Arrived each : sent) {
                assertThat(next()).isEqualTo(each);
            }
        }
    }
}
