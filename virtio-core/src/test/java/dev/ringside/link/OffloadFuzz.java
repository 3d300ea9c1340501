package dev.ringside.link;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Headers of frames, and the offloads that are made up for: any header before any frame, in any pieces. */
public final class OffloadFuzz implements FuzzTarget {
    private final SoftwareOffload offload = new SoftwareOffload();
    private final Frame frame = new Frame();
    private final MemorySegment memory = Arena.ofAuto().allocate(Frame.MAX_BYTES, 8);
    private final MemorySegment copy = Arena.ofAuto().allocate(Frame.MAX_BYTES, 8);
    private int accepts;
    private int delivered;
    private long deliveredBytes;

    @Override
    public void execute(FuzzInput input) {
        NetHeader header = frame.header();
        frame.clear();
        accepts = input.u8() & Offload.ALL;
        int how = input.u8();
        header.set(
                (input.u8() & 3)
                        | (long) type(input) << 8
                        | (long) input.u8() << 16
                        | (long) input.u16() << 32
                        | (input.u8() + ((how & 0x10) != 0 ? 0x100L : 0)) << 48,
                input.u8());
        int pieces = 1 + input.below(6);
        int extra = (how & 1) == 0 ? 0 : input.u16();
        int protocol = (how >> 1) & 7;
        byte[] bytes = input.rest();
        int size = Math.min(Frame.MAX_BYTES, Math.max(Frame.ETHERNET_BYTES, bytes.length + extra));
        memory.asSlice(0, Math.min(size, 2048)).fill((byte) 0);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, Math.min(bytes.length, size));
        likely(protocol);
        cut(size, pieces);
        if (header.fault(size) != null) {
            return;
        }
        delivered = 0;
        deliveredBytes = 0;
        boolean done = offload.deliver(frame, accepts, this::take);
        if (!done && delivered > 0) {
            throw new AssertionError("refused after " + delivered + " frames");
        }
        if (done && delivered == 0) {
            throw new AssertionError("nothing was delivered");
        }
    }

    private static int type(FuzzInput input) {
        int type = input.u8();
        return (type & 0x40) != 0 ? type & 0x87 : 0;
    }

    /** Mends what random bytes would hardly ever be right in: type and version. */
    private void likely(int protocol) {
        if ((protocol & 3) == 1) {
            memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 12, (short) 0x0008);
            memory.set(ValueLayout.JAVA_BYTE, 14, (byte) (0x40 | (memory.get(ValueLayout.JAVA_BYTE, 14) & 15)));
        } else if ((protocol & 3) == 2) {
            memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 12, (short) 0xdd86);
        } else if ((protocol & 3) == 3) {
            memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 12, (short) 0x0081);
        }
    }

    private void cut(int size, int pieces) {
        int at = 0;
        for (int i = 1; i <= pieces && at < size; i++) {
            int count = i == pieces ? size - at : Math.min(size - at, 1 + i * i * 7);
            frame.add(memory, at, count);
            at += count;
        }
    }

    private void take(Frame out) {
        delivered++;
        deliveredBytes += out.bytes();
        if ((out.header().needs() & ~accepts) != 0) {
            throw new AssertionError("delivered what needs %#x to who accepts %#x"
                    .formatted(out.header().needs(), accepts));
        }
        if (out.bytes() <= 0 || out.bytes() > Frame.MAX_BYTES) {
            throw new AssertionError("frame of " + out.bytes() + " bytes");
        }
        // 512 bytes of headers before each piece at most, and each piece has a byte of its own.
        if (delivered > Segmenter.MAX_PIECES + 1
                || deliveredBytes > Frame.MAX_BYTES + (long) delivered * SoftwareOffload.HEADERS_BYTES) {
            throw new AssertionError(delivered + " frames of " + deliveredBytes + " bytes from one");
        }
        out.copyTo(0, copy, 0, out.bytes());
    }
}
