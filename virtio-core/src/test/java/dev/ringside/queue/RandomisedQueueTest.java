package dev.ringside.queue;

import dev.ringside.fault.RingFault;
import dev.ringside.testing.FakeMemory;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A driver and a device that do what they like in any order, against a model with lists in place of rings. Every run of
 * a seed is the same. For longer runs: {@code -Dringside.queue.seeds=1000 -Dringside.queue.steps=1000000}.
 */
class RandomisedQueueTest {
    private static final int SEEDS = Integer.getInteger("ringside.queue.seeds", 20);
    private static final int STEPS = Integer.getInteger("ringside.queue.steps", 20_000);

    static IntStream seeds() {
        return IntStream.rangeClosed(1, SEEDS);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldDoAsTheModelDoesInASplitRing(int seed) throws RingFault {
        Random random = new Random(seed);
        try (FakeMemory memory = FakeMemory.of(4 << 20)) {
            new SplitRun(random, memory).run(STEPS);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldDoAsTheModelDoesInAPackedRing(int seed) throws RingFault {
        Random random = new Random(seed);
        try (FakeMemory memory = FakeMemory.of(4 << 20)) {
            new PackedRun(random, memory).run(STEPS);
        }
    }
}
