package dev.ringside.vfiouser;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The maps that a client has made, sorted by address. Tens of thousands are usual behind a virtual IOMMU. Used on the
 * session's loop.
 */
final class DmaTable {
    private final SharedFiles files = new SharedFiles();
    private final int maxMaps;
    private long[] addresses = new long[16];
    private @Nullable DmaMap[] maps = new DmaMap[16];
    private int count;

    /** @param maxMaps how many a client may make */
    DmaTable(int maxMaps) {
        this.maxMaps = maxMaps;
    }

    /**
     * Adds a map.
     *
     * @throws MessageFault if its numbers make no sense, it overlaps another, there are too many, or its descriptor cannot be
     *     mapped
     */
    void add(Request.DmaMap request) throws MessageFault {
        long address = request.address();
        long size = request.size();
        if (address < 0 || size <= 0 || size > Long.MAX_VALUE - address) {
            throw new MessageFault("DMA_MAP of %#x bytes at %#x".formatted(size, address));
        }
        if (count == maxMaps) {
            throw new MessageFault("more than %d DMA maps".formatted(maxMaps));
        }
        int at = indexFrom(address);
        boolean overlapsLower =
                at > 0 && address - addresses[at - 1] < map(at - 1).size();
        boolean overlapsHigher = at < count && addresses[at] - address < size;
        if (overlapsLower || overlapsHigher) {
            throw new MessageFault("DMA_MAP of %#x bytes at %#x overlaps another".formatted(size, address));
        }
        SharedFiles.Mapping mapping = mapping(request);
        insert(at, new DmaMap(address, size, request.readable(), request.writable(), mapping, request.offset()));
    }

    private SharedFiles.@Nullable Mapping mapping(Request.DmaMap request) throws MessageFault {
        Fd fd = request.fd();
        if (fd == null) {
            return null;
        }
        if (request.offset() < 0 || request.offset() > Long.MAX_VALUE - request.size()) {
            throw new MessageFault("DMA_MAP of %#x bytes at offset %#x".formatted(request.size(), request.offset()));
        }
        return files.map(fd, request.offset() + request.size());
    }

    private void insert(int at, DmaMap map) {
        if (count == maps.length) {
            addresses = Arrays.copyOf(addresses, 2 * count);
            maps = Arrays.copyOf(maps, 2 * count);
        }
        System.arraycopy(addresses, at, addresses, at + 1, count - at);
        System.arraycopy(maps, at, maps, at + 1, count - at);
        addresses[at] = map.address();
        maps[at] = map;
        count++;
    }

    /**
     * Removes all maps within a range. That may be none: behind a virtual IOMMU, QEMU clears whole ranges to be sure.
     *
     * @return the bytes that they had together
     * @throws MessageFault if one lies only partly within
     */
    long remove(Request.DmaUnmap request) throws MessageFault {
        if (request.all()) {
            return removeAt(0, count);
        }
        long address = request.address();
        long size = request.size();
        long end = address + size;
        if (size == 0 || (end != 0 && Long.compareUnsigned(end, address) < 0)) {
            throw new MessageFault("DMA_UNMAP of %#x bytes at %#x".formatted(size, address));
        }
        // No map reaches beyond Long.MAX_VALUE.
        int from = address < 0 ? count : indexFrom(address);
        int to = end <= 0 ? count : indexFrom(end);
        boolean cutsLower = address >= 0
                && from > 0
                && address - addresses[from - 1] < map(from - 1).size();
        boolean cutsHigher =
                end > 0 && to > from && end - addresses[to - 1] < map(to - 1).size();
        if (cutsLower || cutsHigher) {
            throw new MessageFault("DMA_UNMAP of %#x bytes at %#x cuts a map".formatted(size, address));
        }
        return removeAt(from, to);
    }

    private long removeAt(int from, int to) {
        long bytes = 0;
        for (int i = from; i < to; i++) {
            bytes += map(i).size();
            map(i).release();
        }
        System.arraycopy(addresses, to, addresses, from, count - to);
        System.arraycopy(maps, to, maps, from, count - to);
        int left = count - (to - from);
        Arrays.fill(maps, left, count, null);
        count = left;
        return bytes;
    }

    /** Removes all maps. */
    void clear() {
        removeAt(0, count);
    }

    /** The map that holds an address, or {@code null}. Any {@code long} is allowed. */
    @Nullable
    DmaMap find(long address) {
        int at = indexFrom(address);
        if (at < count && addresses[at] == address) {
            return map(at);
        }
        if (at == 0 || address < 0) {
            return null;
        }
        DmaMap map = map(at - 1);
        return address - map.address() < map.size() ? map : null;
    }

    /** How many maps there are. */
    int count() {
        return count;
    }

    private DmaMap map(int index) {
        DmaMap map = maps[index];
        if (map == null) {
            throw new IllegalStateException("map " + index + " of " + count);
        }
        return map;
    }

    /** The index of the first map that does not begin below an address. */
    private int indexFrom(long address) {
        int at = Arrays.binarySearch(addresses, 0, count, address);
        return at >= 0 ? at : -at - 1;
    }
}
