package dev.ringside.vfiouser;

import dev.ringside.pci.Dma;
import dev.ringside.pci.DmaFence;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Guest memory as the function reaches it: directly where the client shared it, by messages where not, and piece by piece,
 * for a buffer may straddle maps. Used on the session's loop.
 */
final class ClientMemory implements Dma {
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment word = MemorySegment.ofArray(new byte[Long.BYTES]);
    private final DmaTable table;
    private final RemoteDma remote;
    private final VfioUserStats stats;
    private final Consumer<String> aborted;
    /** Most transfers are near the last one. */
    private @Nullable DmaMap last;

    /** @param aborted told of transfers that went to no memory, for the log */
    ClientMemory(DmaTable table, RemoteDma remote, VfioUserStats stats, Consumer<String> aborted) {
        this.table = table;
        this.remote = remote;
        this.stats = stats;
        this.aborted = aborted;
    }

    /** The table has changed. */
    void forget() {
        last = null;
    }

    private @Nullable DmaMap find(long address, boolean write) {
        DmaMap map = last;
        if (map == null || address < map.address() || address - map.address() >= map.size()) {
            map = table.find(address);
            last = map;
        }
        return map != null && (write ? map.writable() : map.readable()) ? map : null;
    }

    @Override
    public void read(long address, MemorySegment to, long offset, int length, DmaFence fence) {
        stats.dmaRead(length);
        for (int done = 0; done < length; ) {
            long at = address + done;
            DmaMap map = find(at, false);
            if (map == null) {
                abort("read", at, length - done, fence);
                return;
            }
            int part = (int) Math.min(length - done, map.bytesFrom(at));
            MemorySegment memory = map.memory();
            if (memory == null) {
                remote.read(at, to, offset + done, part, fence);
            } else {
                copy(memory, map.offset() + (at - map.address()), to, offset + done, part, fence);
            }
            done += part;
        }
    }

    @Override
    public void write(long address, MemorySegment from, long offset, int length, DmaFence fence) {
        stats.dmaWrite(length);
        for (int done = 0; done < length; ) {
            long at = address + done;
            DmaMap map = find(at, true);
            if (map == null) {
                abort("write", at, length - done, fence);
                return;
            }
            int part = (int) Math.min(length - done, map.bytesFrom(at));
            MemorySegment memory = map.memory();
            if (memory == null) {
                remote.write(at, from, offset + done, part, fence);
            } else {
                copy(from, offset + done, memory, map.offset() + (at - map.address()), part, fence);
            }
            done += part;
        }
    }

    @Override
    public void publish(long address, long value, DmaFence fence) {
        DmaMap map = find(address, true);
        MemorySegment memory = map == null ? null : map.memory();
        if (map == null || memory == null || map.bytesFrom(address) < Long.BYTES) {
            word.set(U64, 0, value);
            write(address, word, 0, Long.BYTES, fence);
            return;
        }
        stats.dmaWrite(Long.BYTES);
        // An aligned store of 64 bits is one store; the fence keeps the frame's bytes before the descriptor's.
        VarHandle.releaseFence();
        try {
            memory.set(U64, map.offset() + (address - map.address()), value);
        } catch (InternalError e) {
            gone(fence, e);
        }
    }

    private void copy(MemorySegment from, long fromOffset, MemorySegment to, long toOffset, int bytes, DmaFence fence) {
        try {
            MemorySegment.copy(from, fromOffset, to, toOffset, bytes);
        } catch (InternalError e) {
            gone(fence, e);
        }
    }

    /** The JVM's word for SIGBUS: the client has cut the file that it shares. */
    private void gone(DmaFence fence, InternalError e) {
        fence.fail();
        aborted.accept("shared memory has gone, " + e.getMessage());
    }

    @Override
    public boolean pieces(long address, int length, boolean write, Pieces into) {
        if (!isShared(address, length, write)) {
            return false;
        }
        if (write) {
            stats.dmaWrite(length);
        } else {
            stats.dmaRead(length);
        }
        for (int done = 0; done < length; ) {
            long at = address + done;
            DmaMap map = find(at, write);
            MemorySegment memory = map == null ? null : map.memory();
            if (map == null || memory == null) {
                throw new IllegalStateException("memory went away at %#x".formatted(at));
            }
            int part = (int) Math.min(length - done, map.bytesFrom(at));
            into.piece(memory, map.offset() + (at - map.address()), part);
            done += part;
        }
        return true;
    }

    private boolean isShared(long address, int length, boolean write) {
        for (long done = 0; done < length; ) {
            DmaMap map = find(address + done, write);
            if (map == null || map.memory() == null) {
                return false;
            }
            done += map.bytesFrom(address + done);
        }
        return true;
    }

    private void abort(String what, long address, int length, DmaFence fence) {
        fence.fail();
        aborted.accept("DMA %s of %d bytes at %#x, where there is no memory".formatted(what, length, address));
    }
}
