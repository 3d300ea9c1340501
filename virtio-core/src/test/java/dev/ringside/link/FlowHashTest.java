package dev.ringside.link;

import static dev.ringside.link.Packets.TCP;
import static dev.ringside.link.Packets.UDP;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlowHashTest {
    private final Random random = new Random(1);

    private int hash(byte[] packet) {
        return FlowHash.of(Packets.frame(packet, random));
    }

    private static byte[] withPort(byte[] packet, boolean v4, int port) {
        int transport = 14 + (v4 ? 20 : 40);
        packet[transport] = (byte) (port >>> 8);
        packet[transport + 1] = (byte) port;
        return packet;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldBeTheSameForAllFramesOfAFlow(boolean v4) {
        int first = hash(Packets.packet(v4, TCP, 1));
        for (int payload = 0; payload < 3000; payload += 117) {
            assertThat(hash(Packets.packet(v4, TCP, payload))).isEqualTo(first).isNotNegative();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSpreadFlowsOverSixteenQueues(boolean v4) {
        Set<Integer> queues = new HashSet<>();
        for (int port = 0; port < 256; port++) {
            queues.add(hash(withPort(Packets.packet(v4, UDP, 10), v4, port)) % 16);
        }
        assertThat(queues).hasSize(16);
    }

    /** Only the first fragment of a datagram has its ports. */
    @Test
    void shouldBeTheSameForAllFragmentsOfADatagram() {
        byte[] first = Packets.packet(true, UDP, 1000);
        first[20] = 0x20;
        byte[] second = withPort(Packets.packet(true, UDP, 1000), true, 0x4711);
        second[21] = 125;
        assertThat(hash(second)).isEqualTo(hash(first));
    }

    @Test
    void shouldSurviveAnyBytes() {
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[14 + random.nextInt(60)];
            random.nextBytes(bytes);
            bytes[12] = (byte) (random.nextBoolean() ? 0x08 : 0x86);
            bytes[13] = (byte) (random.nextBoolean() ? 0x00 : 0xdd);
            assertThat(hash(bytes)).isNotNegative();
        }
    }
}
