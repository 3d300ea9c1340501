package dev.ringside.it.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;

/** A frame that the echo link answers: an echo request (RFC 792) of random length and content. */
record Ping(byte[] frame) {
    private static final int SOURCE_MAC = 6;
    private static final int ETHERTYPE = 12;
    private static final int IP = 14;
    private static final int PROTOCOL = IP + 9;
    private static final int SOURCE = IP + 12;
    private static final int DESTINATION = IP + 16;
    private static final int ICMP = IP + 20;
    /** What is the same in the answer: identifier, number and data. */
    private static final int SAME = ICMP + 4;

    private static final int LEAST = 60;
    private static final int MOST = 1460;

    static Ping random(Random random) {
        byte[] frame = new byte[LEAST + random.nextInt(MOST - LEAST)];
        random.nextBytes(frame);
        // Both stations' own addresses, no group's.
        frame[0] = 2;
        frame[SOURCE_MAC] = 2;
        frame[ETHERTYPE] = 0x08;
        frame[ETHERTYPE + 1] = 0x00;
        Arrays.fill(frame, IP, SOURCE, (byte) 0);
        frame[IP] = 0x45;
        frame[PROTOCOL] = 1;
        frame[ICMP] = 8;
        return new Ping(frame);
    }

    /** @throws AssertionError if this is not the answer, byte for byte */
    void check(byte[] answer) {
        assertThat(answer).hasSameSizeAs(frame);
        assertThat(Arrays.copyOf(answer, SOURCE_MAC)).isEqualTo(Arrays.copyOfRange(frame, SOURCE_MAC, ETHERTYPE));
        assertThat(Arrays.copyOfRange(answer, SOURCE, DESTINATION))
                .isEqualTo(Arrays.copyOfRange(frame, DESTINATION, ICMP));
        assertThat(answer[ICMP]).isZero();
        assertThat(Arrays.copyOfRange(answer, SAME, answer.length))
                .isEqualTo(Arrays.copyOfRange(frame, SAME, frame.length));
    }
}
