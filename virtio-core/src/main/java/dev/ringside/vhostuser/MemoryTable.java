package dev.ringside.vhostuser;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The regions of one session, as they are added and removed; owns their mappings. Each change makes a generation. */
final class MemoryTable {
    /** What GET_MAX_MEM_SLOTS tells: as many as QEMU makes use of. */
    static final int MAX_SLOTS = 509;

    /** Of one session, in all: far above any guest, and a bound on the address space that one front-end can take. */
    private static final long MAX_BYTES = 1L << 44;

    private GuestMemory memory = GuestMemory.EMPTY;

    GuestMemory memory() {
        return memory;
    }

    boolean isEmpty() {
        return memory.regions().isEmpty();
    }

    /** Maps one more region. The table is as before if this throws. */
    GuestMemory add(Message.Region description) throws MessageFault {
        if (memory.regions().size() == MAX_SLOTS) {
            throw new MessageFault("more than " + MAX_SLOTS + " memory slots");
        }
        checkTotal(bytes(memory.regions()), description);
        MemoryRegion region = map(description);
        List<MemoryRegion> regions = new ArrayList<>(memory.regions());
        regions.add(region);
        try {
            memory = GuestMemory.of(regions);
        } catch (MessageFault e) {
            region.close();
            throw e;
        }
        return memory;
    }

    /**
     * Takes one region out of the table.
     *
     * @return the region, which the caller closes when no queue uses it any more
     */
    MemoryRegion remove(Message.Region description) throws MessageFault {
        // mmap offset and descriptor do not matter here (vhost-user, "REM_MEM_REG").
        MemoryRegion found = memory.regions().stream()
                .filter(region -> region.guestAddress() == description.guestAddress()
                        && region.userAddress() == description.userAddress()
                        && region.size() == description.size())
                .findFirst()
                .orElseThrow(() -> new MessageFault("no such memory region: guest %#x user %#x size %#x"
                        .formatted(description.guestAddress(), description.userAddress(), description.size())));
        memory = GuestMemory.of(memory.regions().stream()
                .filter(region -> !region.equals(found))
                .toList());
        return found;
    }

    /**
     * Replaces all regions.
     *
     * @return the regions before, which the caller closes when no queue uses them any more
     */
    List<MemoryRegion> replace(List<Message.Region> descriptions) throws MessageFault {
        List<MemoryRegion> before = memory.regions();
        List<MemoryRegion> regions = new ArrayList<>();
        try {
            for (Message.Region description : descriptions) {
                checkTotal(bytes(regions), description);
                regions.add(map(description));
            }
            memory = GuestMemory.of(regions);
        } catch (MessageFault e) {
            regions.forEach(MemoryRegion::close);
            throw e;
        }
        return before;
    }

    private static long bytes(List<MemoryRegion> regions) {
        return regions.stream().mapToLong(MemoryRegion::size).sum();
    }

    private static void checkTotal(long before, Message.Region description) throws MessageFault {
        if (description.size() > MAX_BYTES - before) {
            throw new MessageFault("more than %d TiB of guest memory".formatted(MAX_BYTES >> 40));
        }
    }

    private static MemoryRegion map(Message.Region description) throws MessageFault {
        Fd fd = Objects.requireNonNull(description.fd(), "checked by the decoder");
        return MemoryRegion.map(
                fd,
                description.guestAddress(),
                description.userAddress(),
                description.size(),
                description.mmapOffset());
    }

    /** Unmaps everything; no queue is running. */
    void clear() {
        memory.regions().forEach(MemoryRegion::close);
        memory = GuestMemory.EMPTY;
    }
}
