package dev.ringside.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** eventfd(2): the counter that kicks, calls and interrupts are made of. */
public final class EventFd {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;
    private static final short POLLIN = 1;

    /** The increment that {@link #signal} writes: shared and never written again. */
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);

    private EventFd() {}

    /** A new counter at 0, non-blocking and close-on-exec. */
    public static Fd create() throws LinuxException {
        int fd = Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            throw LinuxException.last("eventfd");
        }
        return new Fd(fd);
    }

    /**
     * Adds 1 to the counter. A counter that is full stays full: its reader is due to wake anyway.
     *
     * @param fd an eventfd; a front-end may have given us something else, whose error is ignored here
     */
    public static void signal(Fd fd) {
        Libc.write(fd.value(), ONE.address(), Long.BYTES);
    }

    /** Whether a descriptor is an eventfd, and not some other file that a front-end passed in its place. */
    public static boolean isEventFd(Fd fd) {
        try {
            Path target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd.value()));
            return target.toString().equals("anon_inode:[eventfd]");
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Resets the counter without ever blocking, even when the descriptor is a blocking one.
     *
     * @return whether it was above 0
     */
    public static boolean drain(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd.value());
            pollfd.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
            if (Libc.poll(pollfd.address(), 1, 0) != 1) {
                return false;
            }
            MemorySegment counter = arena.allocate(ValueLayout.JAVA_LONG);
            return Libc.read(fd.value(), counter.address(), Long.BYTES) == Long.BYTES;
        }
    }
}
