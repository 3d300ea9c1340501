package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * pipe(2): what a front-end may pass where a file or an eventfd belongs.
 *
 * @param readEnd the end to read from
 * @param writeEnd the end to write to
 */
public record Pipe(Fd readEnd, Fd writeEnd) implements AutoCloseable {
    private static final int O_CLOEXEC = 0x80000;

    /** A new, empty pipe, blocking at both ends. */
    public static Pipe create() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(ValueLayout.JAVA_INT, 2);
            if (TestLibc.pipe2(fds.address(), O_CLOEXEC) != 0) {
                throw LinuxException.last("pipe2");
            }
            return new Pipe(
                    new Fd(fds.getAtIndex(ValueLayout.JAVA_INT, 0)), new Fd(fds.getAtIndex(ValueLayout.JAVA_INT, 1)));
        }
    }

    @Override
    public void close() {
        readEnd.close();
        writeEnd.close();
    }
}
