package dev.ringside.link;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A switch whose stations come, go, invent addresses and have no room. No frame leaves its VLAN or comes back. */
public final class SwitchFuzz implements FuzzTarget {
    private static final int PORTS = 4;
    private static final int MAX_STEPS = 200;
    private static final int FRAME_BYTES = 64;

    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final MemorySegment memory = Arena.ofAuto().allocate(FRAME_BYTES);
    private final Frame frame = new Frame();
    private SwitchLink link;
    private final Station[] stations = new Station[PORTS];
    private Station sending;

    @Override
    public void execute(FuzzInput input) throws Exception {
        HostileDriver.await(loop.call(() -> {
            link = new SwitchLink("switch");
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
            default -> {
                frame.clear();
                for (int i = 0; i < 12; i++) {
                    int octet = input.u8();
                    // Few addresses, so that they meet.
                    memory.set(ValueLayout.JAVA_BYTE, i, (byte) ((octet & 0x80) == 0 ? octet & 3 : octet));
                }
                int first = 1 + input.below(FRAME_BYTES - 1);
                frame.add(memory, 0, first);
                frame.add(memory, first, FRAME_BYTES - first);
                sending = stations[which];
                sending.tx.send(frame);
                sending.tx.flush();
                sending = null;
            }
        }
    }

    private final class Station implements RxBuffers {
        private final int vlan;
        private final Port port;
        private final TxLane tx;
        private final RxLane rx;
        private int room = Integer.MAX_VALUE;

        Station(int vlan) {
            this.vlan = vlan;
            port = link.attach(new Link.Nic("nic", 1, vlan));
            tx = port.openTx(0, loop);
            rx = port.openRx(0, loop, Offload.NONE, this);
        }

        @Override
        public boolean put(Frame received) {
            if (sending != null && (sending.equals(this) || sending.vlan != vlan)) {
                throw new AssertionError("a frame of VLAN %d in VLAN %d".formatted(sending.vlan, vlan));
            }
            if (received.bytes() != FRAME_BYTES) {
                throw new AssertionError("frame of " + received.bytes() + " bytes");
            }
            if (room == 0) {
                return false;
            }
            room--;
            return true;
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
