package dev.ringside.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.EchoDevice;
import dev.ringside.testing.FakeFrontEnd;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.FakeVring;
import dev.ringside.testing.ForkedJvm;
import dev.ringside.testing.TestServer;
import dev.ringside.testing.VhostUser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;

/**
 * A front-end cuts the file that it shares as memory, so that the pages behind our mapping are gone (RingFault
 * MEMORY_GONE). To touch them is SIGBUS, and the end of a process that is not prepared.
 */
@EachEngine
class MemoryGoneTest {
    private static final long BUFFERS = 1L << 32;
    private static final long BUFFER_BYTES = 1 << 16;
    private static final int WARM_UP = 20_000;

    @Parameter
    Engine engine;

    /** What is cut, and when. */
    enum Cut {
        /** The rings, before the device looks for the next chain. */
        RINGS,
        /** The same, with a driver that is told by a flag not to kick. */
        RINGS_WITHOUT_EVENT_IDX,
        /** The same, with a device that has run long enough to be compiled. */
        RINGS_OF_A_HOT_DEVICE,
        /** The rings, between taking a chain and completing it. */
        RINGS_UNDER_A_REQUEST,
        /** A buffer, before the device reads it. */
        BUFFER,
        /** A buffer, between taking its chain and copying into it. */
        BUFFER_UNDER_A_REQUEST
    }

    /** One after the other in one process: each leaves it able to serve the next front-end. */
    @Test
    void shouldSurviveThatMemoryIsGone() {
        ForkedJvm ended = ForkedJvm.run(Scenario.class, engine.name());
        for (Cut cut : Cut.values()) {
            assertThat(ended.output()).contains("survived " + cut);
        }
        assertThat(ended.status()).isZero();
    }

    /** The program that runs elsewhere. */
    static final class Scenario {
        private Scenario() {}

        public static void main(String[] arguments) {
            for (Cut cut : Cut.values()) {
                survive(cut, Engine.valueOf(arguments[0]));
                System.out.println("survived " + cut);
            }
        }

        private static void survive(Cut cut, Engine engine) {
            EchoDevice device = new EchoDevice(2);
            try (TestServer server = TestServer.listening(device, engine)) {
                try (FakeFrontEnd frontEnd = server.connect().negotiate(features(cut), -1);
                        FakeMemory memory = FakeMemory.of(1 << 20).region(BUFFERS, BUFFERS, BUFFER_BYTES)) {
                    frontEnd.setMemTable(memory);
                    try (FakeVring vring = frontEnd.vring(0, 16, memory).run()) {
                        EchoServed.shouldEcho(vring);
                        happen(cut, device, memory, vring);
                    }
                }
                device.hold(false);
                try (FakeFrontEnd next = server.connect()) {
                    EchoServed.shouldEcho(next.negotiate());
                }
            }
        }

        private static long features(Cut cut) {
            return cut == Cut.RINGS_WITHOUT_EVENT_IDX ? ~VhostUser.F_EVENT_IDX : -1;
        }

        private static void happen(Cut cut, EchoDevice device, FakeMemory memory, FakeVring vring) {
            FakeMemory.Region rings = memory.regions().get(0);
            FakeMemory.Region buffers = memory.regions().get(1);
            if (cut == Cut.RINGS_OF_A_HOT_DEVICE) {
                for (int i = 0; i < WARM_UP; i++) {
                    vring.roundTrip(
                            vring.driver().chain().readableAt(BUFFERS, 512).writableAt(BUFFERS + 512, 512));
                }
            }
            device.hold(cut == Cut.RINGS_UNDER_A_REQUEST || cut == Cut.BUFFER_UNDER_A_REQUEST);
            vring.driver()
                    .chain()
                    .readableAt(BUFFERS, 512)
                    .writableAt(BUFFERS + 512, 512)
                    .offer();
            switch (cut) {
                case RINGS, RINGS_WITHOUT_EVENT_IDX, RINGS_OF_A_HOT_DEVICE -> {
                    rings.truncate(0);
                    vring.kick();
                    vring.awaitErr();
                }
                case RINGS_UNDER_A_REQUEST -> {
                    vring.kick();
                    EchoDevice.Held held = device.awaitHeld();
                    rings.truncate(0);
                    held.release();
                    vring.awaitErr();
                }
                case BUFFER -> {
                    // Only the request is lost: the ring is as it was.
                    buffers.truncate(0);
                    vring.kick();
                    vring.awaitUsed();
                }
                case BUFFER_UNDER_A_REQUEST -> {
                    vring.kick();
                    EchoDevice.Held held = device.awaitHeld();
                    buffers.truncate(0);
                    held.release();
                }
            }
        }
    }
}
