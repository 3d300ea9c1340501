package dev.ringside.linux;

import com.sun.jna.Native;
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
    private static final int RWF_NOWAIT = 8;
    private static final short POLLOUT = 4;

    /** The increment that a signal writes: shared and never written again. */
    public static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);

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
     * Adds 1 to the counter, if that is possible without waiting. A counter that is full stays full: its reader is due to
     * wake anyway. Looks before it writes, because the descriptor may have been made a blocking one; the rest of a
     * window is for a front-end that fills the counter in between, and only itself wakes from it. Loops on io_uring
     * have a way without any window ({@code Notifier}).
     *
     * @param fd an eventfd; a front-end may have given us something else, whose error is ignored here
     */
    public static void signal(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(ValueLayout.JAVA_INT, 0, fd.value());
            pollfd.set(ValueLayout.JAVA_SHORT, 4, POLLOUT);
            if (Libc.poll(pollfd.address(), 1, 0) == 1) {
                MemorySegment iovec = arena.allocateFrom(ValueLayout.JAVA_LONG, ONE.address(), Long.BYTES);
                // Pipes and sockets never block this way; eventfds do not know it.
                if (Libc.pwritev2(fd.value(), iovec.address(), 1, -1, RWF_NOWAIT) < 0
                        && Native.getLastError() == Errno.EOPNOTSUPP) {
                    Libc.write(fd.value(), ONE.address(), Long.BYTES);
                }
            }
        }
    }

    /** Whether a descriptor is an eventfd, and not some other file that a front-end passed in its place. */
    public static boolean isEventFd(Fd fd) {
        return target(fd).equals("anon_inode:[eventfd]");
    }

    /**
     * Whether a descriptor is something that can be signalled by writing to it: an eventfd, or the pipe or socket that
     * User-Mode Linux passes in its place. An end of a connection to a server is not: a front-end that passed its own would
     * be kept from ever having gone.
     */
    public static boolean isSignallable(Fd fd) {
        String target = target(fd);
        return target.equals("anon_inode:[eventfd]")
                || target.startsWith("pipe:[")
                || (target.startsWith("socket:[") && !UnixSocket.isNamed(fd));
    }

    private static String target(Fd fd) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd.value()))
                    .toString();
        } catch (IOException e) {
            return "";
        }
    }

    /**
     * Resets the counter without ever blocking, whatever the front-end does to the descriptor meanwhile: O_NONBLOCK is a
     * flag of the open file, which it shares, and may clear.
     */
    public static void drain(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment counter = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment iovec = arena.allocateFrom(ValueLayout.JAVA_LONG, counter.address(), counter.byteSize());
            Libc.preadv2(fd.value(), iovec.address(), 1, -1, RWF_NOWAIT);
        }
    }
}
