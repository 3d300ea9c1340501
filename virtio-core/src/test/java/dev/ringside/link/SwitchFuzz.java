package dev.ringside.link;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A switch whose stations come, go, invent addresses and have no room. No frame leaves its VLAN or comes back, and what
 * arrives is a frame that was sent, whole, and later than those of its sender that came before, however many wait.
 */
public final class SwitchFuzz implements FuzzTarget {
    private static final int PORTS = 4;
    private static final int MAX_STEPS = 200;
    private static final int FRAME_BYTES = 64;
    /** So large that a few fill what is kept for a receiver without room. */
    private static final int LARGE_FRAME_BYTES = 64_000;

    /** Behind its addresses each frame has its number, which it ends with as well, and its VLAN. */
    private static final int NUMBER = 12;

    private static final int VLAN = 16;

    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final MemorySegment memory = Arena.ofAuto().allocate(LARGE_FRAME_BYTES);
    private final Frame frame = new Frame();
    private SwitchLink link;
    private final Station[] stations = new Station[PORTS];
    private Station sending;
    private int sent;

    @Override
    public void execute(FuzzInput input) throws Exception {
        HostileDriver.await(loop.call(() -> {
            link = new SwitchLink("switch");
            sent = 0;
            for (int i = 0; i < PORTS; i++) {
                stations[i] = new Station(i & 1);
            }
            for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                step(input);
            }
            for (Station station : stations) {
                station.close();
            }
            return true;
        }));
    }

    private void step(FuzzInput input) {
        int which = input.below(PORTS);
        switch (input.below(8)) {
            case 0 -> {
                stations[which].close();
                stations[which] = new Station(input.below(2));
            }
            case 1 -> stations[which].room = input.below(4);
            case 2 -> stations[which].rx.roomAgain();
            case 3 -> {
                address(input);
                // A guest that sends the same again and again.
                for (int count = input.below(32); count > 0; count--) {
                    send(stations[which], LARGE_FRAME_BYTES, FRAME_BYTES);
                }
            }
            default -> {
                address(input);
                send(stations[which], FRAME_BYTES, 1 + input.below(FRAME_BYTES - 1));
            }
        }
    }

    private void address(FuzzInput input) {
        for (int i = 0; i < NUMBER; i++) {
            int octet = input.u8();
            // Few addresses, so that they meet.
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) ((octet & 0x80) == 0 ? octet & 3 : octet));
        }
    }

    private void send(Station from, int bytes, int first) {
        sent++;
        memory.set(WORD, NUMBER, sent);
        memory.set(WORD, VLAN, from.vlan);
        memory.set(WORD, bytes - WORD.byteSize(), sent);
        frame.clear();
        frame.add(memory, 0, first);
        frame.add(memory, first, bytes - first);
        sending = from;
        from.tx.send(frame);
        from.tx.flush();
        sending = null;
    }

    private final class Station implements RxBuffers {
        private final int vlan;
        private final Port port;
        private final TxLane tx;
        private final RxLane rx;
        private final MemorySegment words = MemorySegment.ofArray(new byte[3 * Integer.BYTES]);
        private int room = Integer.MAX_VALUE;
        /** The number of the last frame that it took. */
        private int heard;

        Station(int vlan) {
            this.vlan = vlan;
            port = link.attach(new Link.Nic("nic", 1, vlan));
            tx = port.openTx(0, loop);
            rx = port.openRx(0, loop, Offload.NONE, this);
        }

        @Override
        public boolean put(Frame received) {
            if (equals(sending)) {
                throw new AssertionError("a frame that came back");
            }
            check(received);
            if (room == 0) {
                return false;
            }
            room--;
            heard = words.get(WORD, 0);
            return true;
        }

        private void check(Frame received) {
            if (received.bytes() != FRAME_BYTES && received.bytes() != LARGE_FRAME_BYTES) {
                throw new AssertionError("frame of " + received.bytes() + " bytes");
            }
            received.copyTo(NUMBER, words, 0, 2 * Integer.BYTES);
            received.copyTo(received.bytes() - Integer.BYTES, words, 2 * Integer.BYTES, Integer.BYTES);
            int number = words.get(WORD, 0);
            int from = words.get(WORD, Integer.BYTES);
            int last = words.get(WORD, 2 * Integer.BYTES);
            if (number != last || number > sent || number <= heard) {
                throw new AssertionError(
                        "frame %d that ends as %d, after %d, of %d".formatted(number, last, heard, sent));
            }
            if (from != vlan) {
                throw new AssertionError("a frame of VLAN %d in VLAN %d".formatted(from, vlan));
            }
        }

        void close() {
            tx.close(() -> {});
            rx.close(() -> {});
            port.close();
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
