package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/** poll(2): how tests wait for another thread's work, with a deadline and without sleeping. */
public final class Poll {
    private static final short POLLIN = 1;

    private Poll() {}

    /** Adds to an eventfd's counter. */
    public static void addCount(Fd eventFd, long unsigned) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocateFrom(ValueLayout.JAVA_LONG, unsigned);
            Libc.write(eventFd.value(), count.address(), Long.BYTES);
        }
    }

    /** Takes what an eventfd has counted, perhaps 0. */
    public static long takeCount(Fd eventFd) {
        if (!readable(eventFd, Duration.ZERO)) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
            Libc.read(eventFd.value(), count.address(), Long.BYTES);
            return count.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /**
     * Waits until a descriptor has something to read, or its other end has gone.
     *
     * @return {@code false} if the deadline passed first
     */
    public static boolean readable(Fd fd, Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd.value());
            pollfd.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
            while (true) {
                long millis = Math.max(0, (end - System.nanoTime() + 999_999) / 1_000_000);
                // Anything but 1 is the deadline or an interrupted wait, which begins again.
                if (Libc.poll(pollfd.address(), 1, (int) millis) == 1) {
                    return true;
                }
                if (System.nanoTime() - end >= 0) {
                    return false;
                }
            }
        }
    }
}
