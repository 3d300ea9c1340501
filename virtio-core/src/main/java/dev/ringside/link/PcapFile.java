package dev.ringside.link;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A capture file in the classic format with nanoseconds, readable by tshark, Wireshark and tcpdump. Frames are collected
 * in one buffer while a thread of its own writes the other: a slow disk makes the capture lose frames, which are
 * counted, and holds nobody up. Thread-safe.
 */
final class PcapFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PcapFile.class);

    private static final int MAGIC_NANOSECONDS = 0xa1b2_3c4d;
    private static final int VERSION = 2 | (4 << 16);
    private static final int SNAPLEN = 1 << 18;
    private static final int ETHERNET = 1;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int RECORD_HEADER_BYTES = 16;

    private static final int BUFFER_BYTES = 4 << 20;
    private static final int PERIOD_MILLIS = 100;
    private static final int LAST_MILLIS = 2000;

    private final Path path;
    private final FileChannel file;
    private final Thread writer;
    private final AtomicLong lost = new AtomicLong();
    /** Guarded by this, as are the next two. */
    private MemorySegment collecting = Arena.ofAuto().allocate(BUFFER_BYTES, 8);

    private MemorySegment spare = Arena.ofAuto().allocate(BUFFER_BYTES, 8);
    private int collected;
    private volatile boolean closed;

    private PcapFile(Path path, FileChannel file) {
        this.path = path;
        this.file = file;
        collecting.setAtIndex(ValueLayout.JAVA_INT, 0, MAGIC_NANOSECONDS);
        collecting.setAtIndex(ValueLayout.JAVA_INT, 1, VERSION);
        collecting.setAtIndex(ValueLayout.JAVA_INT, 4, SNAPLEN);
        collecting.setAtIndex(ValueLayout.JAVA_INT, 5, ETHERNET);
        collected = FILE_HEADER_BYTES;
        writer = Thread.ofPlatform().daemon().name("pcap " + path.getFileName()).unstarted(this::write);
    }

    /** Begins a file; one that exists is overwritten. */
    static PcapFile create(Path path) throws IOException {
        PcapFile made;
        try {
            made = new PcapFile(
                    path,
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING));
        } catch (IOException e) {
            throw new IOException("pcap=" + path + ": cannot be written: " + e.getMessage(), e);
        }
        made.writer.start();
        return made;
    }

    /** Adds a frame as it is; a checksum that is still to be made is missing in it. */
    synchronized void add(Frame frame) {
        int bytes = frame.bytes();
        if (closed || collected + RECORD_HEADER_BYTES + bytes > BUFFER_BYTES) {
            lost.getAndIncrement();
            return;
        }
        Instant now = Instant.now();
        collecting.set(ValueLayout.JAVA_INT_UNALIGNED, collected, (int) now.getEpochSecond());
        collecting.set(ValueLayout.JAVA_INT_UNALIGNED, collected + 4L, now.getNano());
        collecting.set(ValueLayout.JAVA_INT_UNALIGNED, collected + 8L, bytes);
        collecting.set(ValueLayout.JAVA_INT_UNALIGNED, collected + 12L, bytes);
        frame.copyTo(0, collecting, collected + RECORD_HEADER_BYTES, bytes);
        collected += RECORD_HEADER_BYTES + bytes;
    }

    private synchronized ByteBuffer swap() {
        ByteBuffer full = collecting.asSlice(0, collected).asByteBuffer();
        MemorySegment empty = spare;
        spare = collecting;
        collecting = empty;
        collected = 0;
        return full;
    }

    private void write() {
        try (file) {
            boolean last;
            do {
                last = closed;
                ByteBuffer full = swap();
                while (full.hasRemaining()) {
                    file.write(full);
                }
                if (!last) {
                    Thread.sleep(PERIOD_MILLIS);
                }
            } while (!last);
        } catch (IOException e) {
            LOG.warn("pcap={}: capture ended, {}", path, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            writer.join(LAST_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (lost.get() > 0) {
            LOG.warn("pcap={}: {} frames are missing, for the disk was too slow", path, lost.get());
        }
    }
}
