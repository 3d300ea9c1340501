package dev.ringside.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A process that is about to run out of descriptors, which is this one until this object is closed. Classes that are
 * loaded meanwhile are not found: the code has to have run before.
 */
final class FewFdsLeft implements AutoCloseable {
    private static final int RLIMIT_NOFILE = 7;

    private final long limit;
    private final Deque<Fd> filling = new ArrayDeque<>();

    /** @param free how many can still be opened */
    FewFdsLeft(int free) throws LinuxException {
        try (Fd any = EventFd.create()) {
            limit = exchangeLimit(any.value() + 64);
            try {
                while (true) {
                    filling.add(any.duplicate());
                }
            } catch (LinuxException e) {
                // EMFILE.
            }
            for (int i = 1; i < free; i++) {
                filling.remove().close();
            }
        }
    }

    private static long exchangeLimit(long soft) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limits = arena.allocate(ValueLayout.JAVA_LONG, 2);
            if (TestLibc.getrlimit(RLIMIT_NOFILE, limits.address()) != 0) {
                throw LinuxException.last("getrlimit");
            }
            long before = limits.get(ValueLayout.JAVA_LONG, 0);
            limits.set(ValueLayout.JAVA_LONG, 0, soft);
            if (TestLibc.setrlimit(RLIMIT_NOFILE, limits.address()) != 0) {
                throw LinuxException.last("setrlimit");
            }
            return before;
        }
    }

    @Override
    public void close() throws LinuxException {
        filling.forEach(Fd::close);
        exchangeLimit(limit);
    }
}
