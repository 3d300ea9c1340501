package dev.ringside.vhostuser;

import static dev.ringside.testing.SplitDriver.INDIRECT;
import static dev.ringside.testing.SplitDriver.NEXT;
import static dev.ringside.testing.SplitDriver.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeDriver.Used;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.SplitDriver;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A guest breaks its ring: a faulty chain is completed and the ring goes on; a faulty ring is stopped, its err eventfd
 * signalled, and every other vring goes on.
 */
class RingFaultTest extends EchoServed {
    private static final int SIZE = 8;
    private static final long BUFFER = FakeMemory.GUEST_ADDRESS + MEMORY_BYTES / 2;

    private FakeVring vring;
    private FakeVring neighbour;

    @BeforeEach
    void runVrings() {
        ready();
        vring = frontEnd.vring(0, SIZE, memory).run();
        neighbour = frontEnd.vring(2, SIZE, memory).run(); // on the same loop
    }

    @AfterEach
    void closeVrings() {
        shouldEcho(neighbour);
        vring.close();
        neighbour.close();
    }

    private static Arguments chain(String name, Consumer<SplitDriver> break_) {
        return Arguments.of(Named.of(name, break_));
    }

    static Stream<Arguments> faultyChains() {
        return Stream.of(
                chain("next out of range", driver -> driver.descriptor(0, BUFFER, 16, NEXT, SIZE)),
                chain("loop", driver -> driver.descriptor(0, BUFFER, 16, NEXT | WRITE, 0)),
                chain("zero length", driver -> driver.descriptor(0, BUFFER, 0, WRITE, 0)),
                chain("outside memory", driver -> driver.descriptor(0, -4096, 16, WRITE, 0)),
                chain("readable after writable", driver -> {
                    driver.descriptor(0, BUFFER, 16, NEXT | WRITE, 1);
                    driver.descriptor(1, BUFFER, 16, 0, 0);
                }),
                chain("nested indirect", driver -> {
                    driver.descriptor(0, BUFFER, 16, INDIRECT, 0);
                    SplitDriver.descriptor(
                            driver.memory().atUser(driver.memory().userAddress(BUFFER), 16),
                            0,
                            BUFFER,
                            16,
                            INDIRECT,
                            0);
                }),
                chain("indirect with next", driver -> driver.descriptor(0, BUFFER, 16, INDIRECT | NEXT, 1)),
                chain("indirect of wrong length", driver -> driver.descriptor(0, BUFFER, 17, INDIRECT, 0)));
    }

    @ParameterizedTest
    @MethodSource("faultyChains")
    void shouldCompleteAFaultyChainAndGoOn(Consumer<SplitDriver> break_) {
        SplitDriver driver = vring.splitDriver();
        for (int i = 0; i < 3 * SIZE; i++) {
            break_.accept(driver);
            driver.offerHead(0);
            vring.kick();
            assertThat(vring.awaitUsed()).isEqualTo(new Used(0, EchoDevice.REJECTED));
        }
        driver.descriptor(0, BUFFER, 16, NEXT, 1);
        driver.descriptor(1, BUFFER + 16, 16, WRITE, 0);
        driver.offerHead(0);
        vring.kick();
        assertThat(vring.awaitUsed()).isEqualTo(new Used(0, 16));
        assertThat(vring.hasErr()).isFalse();
    }

    /** Stopped, but not for ever: the front-end can stop it in good order and start it anew. */
    private void shouldBeStoppedUntilStartedAnew() {
        vring.kick();
        vring.awaitErr();
        vring.kick();
        vring.stop();
        assertThat(vring.driver().takeUsed()).isNull();
        try (FakeVring anew = frontEnd.vring(0, SIZE, memory).configure().start()) {
            shouldEcho(anew);
        }
    }

    @Test
    void shouldStopAVringWhoseAvailIdxJumps() {
        vring.splitDriver().availIdx(SIZE + 1);
        shouldBeStoppedUntilStartedAnew();
    }

    @Test
    void shouldStopAVringWithAHeadOutOfRange() {
        vring.splitDriver().offerHead(SIZE);
        shouldBeStoppedUntilStartedAnew();
    }

    @Test
    void shouldStopAVringWithMoreChainsThanDescriptors() {
        device.hold(true);
        SplitDriver driver = vring.splitDriver();
        driver.descriptor(0, BUFFER, 16, WRITE, 0);
        EchoDevice.Held[] held = new EchoDevice.Held[SIZE];
        for (int i = 0; i < SIZE; i++) {
            driver.offerHead(0);
            vring.kick();
            held[i] = device.awaitHeld();
        }
        assertThat(vring.hasErr()).isFalse();
        driver.offerHead(0); // a head that is in flight already, eightfold
        vring.kick();
        vring.awaitErr();
        device.hold(false);
        for (EchoDevice.Held each : held) {
            each.release();
        }
        shouldBeStoppedAlready();
    }

    private void shouldBeStoppedAlready() {
        vring.stop();
        assertThat(vring.driver().takeUsed()).isNull();
        try (FakeVring anew = frontEnd.vring(0, SIZE, memory).configure().start()) {
            shouldEcho(anew);
        }
    }

    @Test
    void shouldEndAConnectionWithABrokenVring() {
        vring.splitDriver().availIdx(SIZE + 1);
        vring.kick();
        vring.awaitErr();
        shouldEcho(neighbour);
        frontEnd.close();
        frontEnd = server.connect();
        ready();
        neighbour.close();
        neighbour = frontEnd.vring(2, SIZE, memory).run();
    }

    @Test
    void shouldBreakAVringThatIsBrokenFromTheBeginning() {
        vring.stop();
        try (FakeVring broken = frontEnd.vring(0, SIZE, memory).configure()) {
            broken.splitDriver().availIdx(SIZE + 1);
            broken.start();
            broken.awaitErr();
            broken.stop();
        }
    }
}
