package dev.ringside.loop;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Descriptors through epoll, edge-triggered so that no counter has to be read; files through a pool of threads that
 * block in preadv and pwritev.
 */
final class EpollEngine implements IoEngine {
    private static final FaultLog FAULTS = new FaultLog(LoggerFactory.getLogger(EpollEngine.class));

    /** Enough to keep a disk busy; each costs a stack while it is used. */
    private static final int POOL_THREADS = 16;

    private final DeviceLoop loop;
    private @Nullable ExecutorService pool;

    EpollEngine(DeviceLoop loop) {
        this.loop = loop;
    }

    @Override
    public Watch watch(Fd fd, Interest interest, Runnable onReady) {
        EpollIoOps events = EpollIoOps.EPOLLIN.with(EpollIoOps.EPOLLET).with(EpollIoOps.EPOLLRDHUP);
        if (interest == Interest.READ_WRITE) {
            events = events.with(EpollIoOps.EPOLLOUT);
        }
        EdgeWatch watch = new EdgeWatch(fd.value(), events, onReady);
        watch.start(loop.eventLoop().register(watch).getNow());
        return watch;
    }

    @Override
    public Notifier notifier(Fd fd) {
        return new Notifier() {
            @Override
            public void signal() {
                EventFd.signal(fd);
            }

            @Override
            public void close(Runnable released) {
                released.run();
            }
        };
    }

    @Override
    public AsyncFile file(Fd fd, AsyncFile.Completion completion) {
        if (pool == null) {
            pool = Executors.newFixedThreadPool(
                    POOL_THREADS,
                    Thread.ofPlatform().daemon().name(loop + "-io-", 0).factory());
        }
        return new ThreadPoolFile(loop, pool, fd.value(), completion);
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }

    private static final class EdgeWatch implements EpollIoHandle, Watch {
        private final FileDescriptor fd;
        private final EpollIoOps events;
        private final Runnable onReady;
        private @Nullable IoRegistration registration;
        private boolean awaitingRoom;
        private boolean hungUp;
        private boolean closed;

        EdgeWatch(int fd, EpollIoOps events, Runnable onReady) {
            this.fd = new FileDescriptor(fd);
            this.events = events;
            this.onReady = onReady;
        }

        void start(IoRegistration registered) {
            registration = registered;
            registered.submit(events);
        }

        @Override
        public void awaitRoom() {
            if (!awaitingRoom && !closed && registration != null) {
                awaitingRoom = true;
                registration.submit(events.with(EpollIoOps.EPOLLOUT));
            }
        }

        @Override
        public boolean hasHungUp() {
            return hungUp;
        }

        @Override
        public FileDescriptor fd() {
            return fd;
        }

        @Override
        public void handle(IoRegistration from, IoEvent event) {
            if (closed) {
                return;
            }
            EpollIoOps happened = ((EpollIoEvent) event).ops();
            hungUp |= happened.contains(EpollIoOps.EPOLLRDHUP);
            if (awaitingRoom && happened.contains(EpollIoOps.EPOLLOUT)) {
                awaitingRoom = false;
                from.submit(events);
            }
            try {
                onReady.run();
            } catch (Throwable e) {
                // Netty would put the loop to sleep for a second.
                FAULTS.error("watch", "unexpected failure, " + e);
            }
        }

        @Override
        public void close(Runnable released) {
            if (closed) {
                throw new IllegalStateException("watch is closed");
            }
            close();
            released.run();
        }

        @Override
        public void close() {
            closed = true;
            if (registration != null) {
                registration.cancel();
            }
        }
    }
}
