package dev.ringside.memory;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.HostFile;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The bitmap in which a front-end that migrates its guest wants to find the pages that were written (vhost-user,
 * "Migration"): bit {@code address / 4096} for the page at a guest-physical address. The front-end clears bits while
 * they are set here, so that they are set atomically, and always after what they tell of: a page that is marked before
 * it is written may be copied before it is written. Usable from any thread until it is closed.
 */
public final class DirtyLog implements AutoCloseable {
    /** VHOST_LOG_PAGE. */
    public static final int PAGE_BYTES = 0x1000;

    /**
     * A bit for each page of all the guest-physical addresses that x86 has (52 bits), and a bound on the address space that a
     * front-end can take of this process.
     */
    static final long MAX_BYTES = 1L << 37;

    private static final int PAGE_SHIFT = 12;
    private static final int WORD_SHIFT = 6;
    private static final VarHandle WORD =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final MemorySegment words;
    private final long pages;
    private final Arena arena;
    private final Fd file;
    private final long offset;
    private volatile @Nullable Fd modified;

    private DirtyLog(MemorySegment words, Arena arena, Fd file, long offset) {
        this.words = words;
        this.pages = words.byteSize() * Byte.SIZE;
        this.arena = arena;
        this.file = file;
        this.offset = offset;
    }

    /**
     * Maps a log.
     *
     * @param fd its file; borrowed, and no longer needed afterwards
     * @param size in bytes; a front-end makes the log large enough for all guest addresses that there are
     * @param offset where in the file the log begins, in bytes
     * @throws MessageFault if the numbers make no sense, or the file cannot be mapped or is too short for them
     */
    @SuppressWarnings("MustBeClosedChecker") // the log owns the arena
    public static DirtyLog map(Fd fd, long size, long offset) throws MessageFault {
        if (size <= 0
                || size > MAX_BYTES
                || offset < 0
                || offset > Long.MAX_VALUE - size
                || (size | offset) % Long.BYTES != 0) {
            throw new MessageFault("log of %#x bytes at offset %#x".formatted(size, offset));
        }
        Arena arena = Arena.ofShared();
        try {
            long fileSize = HostFile.size(fd);
            if (fileSize < offset + size) {
                throw new MessageFault("log ends at %#x, its file at %#x".formatted(offset + size, fileSize));
            }
            return new DirtyLog(Mmap.shared(fd, offset, size, arena), arena, fd.duplicate(), offset);
        } catch (LinuxException e) {
            arena.close();
            throw new MessageFault("log cannot be mapped: " + e.getMessage());
        } catch (MessageFault e) {
            arena.close();
            throw e;
        }
    }

    /** The file that the log is in. */
    public Fd file() {
        return file;
    }

    /** Where in its file the log begins, in bytes. */
    public long offset() {
        return offset;
    }

    /** In bytes. */
    public long size() {
        return words.byteSize();
    }

    /**
     * Has an eventfd signalled from here on whenever something has been marked.
     *
     * @param fd non-blocking; borrowed until it is replaced, and nobody marks who has not seen that; {@code null} for none
     */
    public void onModified(@Nullable Fd fd) {
        modified = fd;
    }

    /**
     * Marks the pages of a range as written. Addresses that the log has no place for are left out.
     *
     * @param guestAddress of the first byte
     * @param bytes 0 or more
     */
    public void mark(long guestAddress, long bytes) {
        if (bytes <= 0 || guestAddress < 0) {
            return;
        }
        long last = Math.min((guestAddress + bytes - 1) >>> PAGE_SHIFT, pages - 1);
        long page = guestAddress >>> PAGE_SHIFT;
        while (page <= last) {
            long word = page >>> WORD_SHIFT;
            long lastInWord = Math.min(last, ((word + 1) << WORD_SHIFT) - 1);
            // Ones from the first page's bit to the last one's.
            long bits = (-1L << page) & (-1L >>> ~lastInWord);
            // Even if they are set already: the front-end may be about to clear them, for an earlier write.
            @SuppressWarnings("unused") // the result's type is part of a signature-polymorphic call
            long before = (long) WORD.getAndBitwiseOr(words, word << 3, bits);
            page = lastInWord + 1;
        }
        Fd fd = modified;
        if (fd != null) {
            EventFd.signal(fd);
        }
    }

    /** Unmaps the log; nobody marks any more. */
    @Override
    public void close() {
        arena.close();
        file.close();
    }
}
