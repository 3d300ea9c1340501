package dev.ringside.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ControlQueueTest {
    private static final byte OK = 0;
    private static final byte ERR = 1;

    private static byte command(QueueRig rig, byte... bytes) throws Exception {
        DriverRing.Buffer ack = rig.driver.writable(1);
        rig.driver.add(rig.driver.readable(bytes), ack);
        rig.driver.kick();
        assertThat(rig.driver.awaitUsed()).isEqualTo(1);
        return rig.driver.bytes(ack, 0, 1)[0];
    }

    @Test
    void shouldAnswerCommands() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.CONTROL, NetFeature.CTRL_VQ)) {
            assertThat(command(rig, (byte) 0, (byte) 0, (byte) 1)).isEqualTo(OK);
            assertThat(command(rig, new byte[] {1, 1, 2, 3, 4, 5, 6, 7})).isEqualTo(OK);
            assertThat(Arrays.copyOf(rig.config.bytes(), 6)).containsExactly(2, 3, 4, 5, 6, 7);
            assertThat(command(rig, new byte[] {2, 0, 5, 0})).isEqualTo(OK);
            assertThat(command(rig, new byte[] {4, 0, 1, 0})).isEqualTo(OK);
            assertThat(command(rig, new byte[] {4, 0, 2, 0})).isEqualTo(ERR);
            rig.device.reset();
            assertThat(Arrays.copyOf(rig.config.bytes(), 6)).startsWith(0x52, 0x54);
        }
    }

    @Test
    void shouldRefuseGarbage() throws Exception {
        try (QueueRig rig = QueueRig.modern(QueueRig.CONTROL, NetFeature.CTRL_VQ)) {
            assertThat(command(rig, (byte) 0)).isEqualTo(ERR);
            assertThat(command(rig, (byte) 9, (byte) 9)).isEqualTo(ERR);
            assertThat(command(rig, (byte) 1, (byte) 1, (byte) 1)).isEqualTo(ERR);
            rig.driver.add(rig.driver.readable((byte) 0, (byte) 0));
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isZero();
            rig.driver.add(rig.driver.writable(1));
            rig.driver.kick();
            assertThat(rig.driver.awaitUsed()).isEqualTo(1);
            Random random = new Random(1);
            for (int i = 0; i < 200; i++) {
                byte[] bytes = new byte[1 + random.nextInt(20)];
                random.nextBytes(bytes);
                bytes[0] &= 7;
                assertThat(command(rig, bytes)).isBetween(OK, ERR);
            }
        }
    }
}
