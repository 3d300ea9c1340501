package dev.ringside.vhostuser;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The regions of one session, as they are added and removed; owns their mappings. Each change makes a generation. */
final class MemoryTable {
    /** What GET_MAX_MEM_SLOTS tells: as many as QEMU makes use of. */
    static final int MAX_SLOTS = 509;

    /** Of one session, in all: far above any guest, and a bound on the address space that one front-end can take. */
    private static final long MAX_BYTES = 1L << 44;

    private GuestMemory memory = GuestMemory.EMPTY;

    /**
     * Regions that were added once more: QEMU before 8.0 does that for each queue pair of a NIC, and takes them out as
     * often.
     */
    private final List<MemoryRegion> addedAgain = new ArrayList<>();

    /** By region that was added: what it shows, to tell the same from another one in its place. */
    private final Map<MemoryRegion, Source> sources = new HashMap<>();

    /**
     * A place in a file.
     *
     * @param file device and inode
     */
    private record Source(@Nullable Object file, long offset) {
        static Source of(Message.Region description) throws MessageFault {
            Path fd = Path.of("/proc/self/fd/" + fdOf(description).value());
            try {
                Object file =
                        Files.readAttributes(fd, BasicFileAttributes.class).fileKey();
                return new Source(file, description.mmapOffset());
            } catch (IOException e) {
                throw new MessageFault("memory region in a file that cannot be looked at: " + e.getMessage());
            }
        }
    }

    GuestMemory memory() {
        return memory;
    }

    boolean isEmpty() {
        return memory.regions().isEmpty();
    }

    /** Maps one more region, if it is not there already. The table is as before if this throws. */
    GuestMemory add(Message.Region description) throws MessageFault {
        Source source = Source.of(description);
        Optional<MemoryRegion> same = find(description);
        if (same.isPresent() && source.equals(sources.get(same.get()))) {
            if (addedAgain.size() == MAX_SLOTS) {
                throw new MessageFault("more than " + MAX_SLOTS + " regions that are there already");
            }
            addedAgain.add(same.get());
            return memory;
        }
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
        sources.put(region, source);
        return memory;
    }

    // mmap offset and descriptor do not matter (vhost-user, "REM_MEM_REG").
    private Optional<MemoryRegion> find(Message.Region description) {
        return memory.regions().stream()
                .filter(region -> region.guestAddress() == description.guestAddress()
                        && region.userAddress() == description.userAddress()
                        && region.size() == description.size())
                .findFirst();
    }

    /**
     * Takes one region out of the table, or one of its additions back.
     *
     * @return the region that is out, if any, which the caller closes when no queue uses it any more
     */
    List<MemoryRegion> remove(Message.Region description) throws MessageFault {
        MemoryRegion found = find(description)
                .orElseThrow(() -> new MessageFault("no such memory region: guest %#x user %#x size %#x"
                        .formatted(description.guestAddress(), description.userAddress(), description.size())));
        if (addedAgain.remove(found)) {
            return List.of();
        }
        sources.remove(found);
        memory = GuestMemory.of(memory.regions().stream()
                .filter(region -> !region.equals(found))
                .toList());
        return List.of(found);
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
        addedAgain.clear();
        sources.clear();
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
        return MemoryRegion.map(
                fdOf(description),
                description.guestAddress(),
                description.userAddress(),
                description.size(),
                description.mmapOffset());
    }

    private static Fd fdOf(Message.Region description) {
        return Objects.requireNonNull(description.fd(), "checked by the decoder");
    }

    /** What the front-end has said of the regions, as often as it has. */
    List<Message.Region> descriptions() {
        return Stream.concat(memory.regions().stream(), addedAgain.stream())
                .map(region -> new Message.Region(
                        region.guestAddress(), region.size(), region.userAddress(), region.mmapOffset(), region.file()))
                .toList();
    }

    /** Unmaps everything; no queue is running. */
    void clear() {
        memory.regions().forEach(MemoryRegion::close);
        memory = GuestMemory.EMPTY;
        addedAgain.clear();
        sources.clear();
    }
}
