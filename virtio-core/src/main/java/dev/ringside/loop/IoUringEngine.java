package dev.ringside.loop;

import dev.ringside.fault.FaultLog;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Both uses of a descriptor through the loop's io_uring. Nothing here makes a system call: operations wait in the
 * submission ring until the loop enters the kernel at the end of its turn.
 */
final class IoUringEngine implements IoEngine {
    private static final FaultLog FAULTS = new FaultLog(LoggerFactory.getLogger(IoUringEngine.class));

    /** enum io_uring_op in linux/io_uring.h. */
    private static final byte OP_READV = 1;

    private static final byte OP_WRITEV = 2;
    private static final byte OP_FSYNC = 3;
    private static final byte OP_POLL_ADD = 6;
    private static final byte OP_ASYNC_CANCEL = 14;
    private static final byte OP_FALLOCATE = 17;
    private static final byte OP_READ = 22;
    private static final byte OP_WRITE = 23;

    private static final int RWF_DSYNC = 2;
    private static final int FSYNC_DATASYNC = 1;
    private static final int POLL_ADD_MULTI = 1;
    private static final int CQE_F_MORE = 2;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;
    private static final int POLLRDHUP = 0x2000;

    private final DeviceLoop loop;
    /** For what the ring cannot do. */
    private @Nullable ExecutorService blocking;

    IoUringEngine(DeviceLoop loop) {
        this.loop = loop;
    }

    @Override
    public Watch watch(Fd fd, Interest interest, Runnable onReady) {
        int mask = interest == Interest.READ ? POLLIN | POLLRDHUP : POLLIN | POLLOUT | POLLRDHUP;
        PollWatch watch = new PollWatch(fd.value(), mask, onReady);
        watch.start(register(watch));
        return watch;
    }

    @Override
    public Notifier notifier(Fd fd) {
        RingNotifier notifier = new RingNotifier(fd.value());
        notifier.start(register(notifier));
        return notifier;
    }

    @Override
    public AsyncFile file(Fd fd, AsyncFile.Completion completion) {
        RingFile file = new RingFile(fd.value(), completion, () -> blockingFile(fd, completion));
        file.start(register(file));
        return file;
    }

    private AsyncFile blockingFile(Fd fd, AsyncFile.Completion completion) {
        if (blocking == null) {
            blocking = Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name(loop + "-io-", 0).factory());
        }
        return new ThreadPoolFile(loop, blocking, fd.value(), completion);
    }

    /** The ring belongs to the event loop. */
    @Override
    public void close() {
        if (blocking != null) {
            blocking.shutdown();
        }
    }

    private IoRegistration register(IoHandle handle) {
        return loop.eventLoop().register(handle).getNow();
    }

    private static IoUringIoOps op(byte opcode, int fd, long offset, long address, int length, int flags, long data) {
        return new IoUringIoOps(
                opcode, (byte) 0, (short) 0, fd, offset, address, length, flags, data, (short) 0, (short) 0, 0, 0);
    }

    /**
     * A multishot poll: one submission in all, then one completion for each wake-up, and no read of a counter. Room is
     * waited for by another one, which ends with its first completion.
     */
    private static final class PollWatch implements IoUringIoHandle, Watch {
        /** Tells the completions apart. */
        private static final long ROOM = 1;

        private final int fd;
        private final int mask;
        private final Runnable onReady;
        private @Nullable IoRegistration registration;
        private @Nullable Runnable released;
        private long poll;
        private long roomPoll;
        private boolean awaitingRoom;
        private boolean hungUp;

        PollWatch(int fd, int mask, Runnable onReady) {
            this.fd = fd;
            this.mask = mask;
            this.onReady = onReady;
        }

        void start(IoRegistration registered) {
            registration = registered;
            arm(registered);
        }

        private void arm(IoRegistration to) {
            poll = to.submit(op(OP_POLL_ADD, fd, 0, 0, POLL_ADD_MULTI, mask, 0));
        }

        @Override
        public void handle(IoRegistration from, IoEvent ioEvent) {
            IoUringIoEvent event = (IoUringIoEvent) ioEvent;
            if (event.opcode() != OP_POLL_ADD || released != null) {
                return;
            }
            if (event.userData() == ROOM) {
                awaitingRoom = false;
            } else if ((event.flags() & CQE_F_MORE) == 0) {
                if (event.res() < 0) {
                    FAULTS.warn("watch", "poll ended with errno " + -event.res());
                    return;
                }
                arm(from);
            }
            hungUp |= event.res() > 0 && (event.res() & POLLRDHUP) != 0;
            try {
                onReady.run();
            } catch (Throwable e) {
                // Netty would put the loop to sleep for 100 ms.
                FAULTS.error("watch", "unexpected failure, " + e);
            }
        }

        @Override
        public void awaitRoom() {
            if (!awaitingRoom && released == null && registration != null) {
                awaitingRoom = true;
                roomPoll = registration.submit(op(OP_POLL_ADD, fd, 0, 0, 0, POLLOUT, ROOM));
            }
        }

        @Override
        public boolean hasHungUp() {
            return hungUp;
        }

        @Override
        public void close(Runnable whenReleased) {
            if (released != null) {
                throw new IllegalStateException("watch is closed");
            }
            released = whenReleased;
            if (registration != null) {
                registration.submit(op(OP_ASYNC_CANCEL, -1, 0, poll, 0, 0, 0));
                if (awaitingRoom) {
                    registration.submit(op(OP_ASYNC_CANCEL, -1, 0, roomPoll, 0, 0, 0));
                }
                registration.cancel();
            }
        }

        @Override
        public void unregistered() {
            if (released != null) {
                released.run();
            }
        }

        @Override
        public void close() {
            if (released == null) {
                close(() -> {});
            }
        }
    }

    /**
     * Signals by a write through the ring: it goes along with the turn's other submissions, and a descriptor that would
     * block makes the kernel wait, not us. At most one write is on its way; a signal meanwhile makes it two.
     */
    private static final class RingNotifier implements IoUringIoHandle, Notifier {
        private final int fd;
        private @Nullable IoRegistration registration;
        private @Nullable Runnable released;
        private boolean onItsWay;
        private long write;
        private boolean again;

        RingNotifier(int fd) {
            this.fd = fd;
        }

        void start(IoRegistration registered) {
            registration = registered;
        }

        @Override
        public void signal() {
            if (registration == null) {
                return;
            }
            if (onItsWay) {
                again = true;
                return;
            }
            onItsWay = true;
            write = registration.submit(op(OP_WRITE, fd, -1, EventFd.ONE.address(), Long.BYTES, 0, 0));
        }

        @Override
        public void handle(IoRegistration from, IoEvent ioEvent) {
            if (((IoUringIoEvent) ioEvent).opcode() != OP_WRITE) {
                return;
            }
            onItsWay = false;
            if (again && released == null) {
                again = false;
                signal();
            }
        }

        @Override
        public void close(Runnable whenReleased) {
            released = whenReleased;
            if (registration != null) {
                if (onItsWay) {
                    registration.submit(op(OP_ASYNC_CANCEL, -1, 0, write, 0, 0, 0));
                }
                registration.cancel();
            }
        }

        @Override
        public void unregistered() {
            if (released != null) {
                released.run();
            }
        }

        @Override
        public void close() {
            if (released == null) {
                close(() -> {});
            }
        }
    }

    private static final class RingFile implements IoUringIoHandle, AsyncFile {
        private final int fd;
        private final Completion completion;
        private final Supplier<AsyncFile> makeBlocking;
        private IoRegistration registration;
        private @Nullable AsyncFile blocking;
        private @Nullable Runnable released;

        @SuppressWarnings("NullAway.Init") // start() follows at once
        RingFile(int fd, Completion completion, Supplier<AsyncFile> makeBlocking) {
            this.fd = fd;
            this.completion = completion;
            this.makeBlocking = makeBlocking;
        }

        void start(IoRegistration registered) {
            registration = registered;
        }

        @Override
        public void read(int slot, long address, int bytes, long offset) {
            registration.submit(op(OP_READ, fd, offset, address, bytes, 0, slot));
        }

        @Override
        public void readv(int slot, long iovec, int count, long offset) {
            registration.submit(op(OP_READV, fd, offset, iovec, count, 0, slot));
        }

        @Override
        public void write(int slot, long address, int bytes, long offset, boolean durable) {
            registration.submit(op(OP_WRITE, fd, offset, address, bytes, durable ? RWF_DSYNC : 0, slot));
        }

        @Override
        public void writev(int slot, long iovec, int count, long offset, boolean durable) {
            registration.submit(op(OP_WRITEV, fd, offset, iovec, count, durable ? RWF_DSYNC : 0, slot));
        }

        @Override
        public void fallocate(int slot, int mode, long offset, long bytes) {
            // The submission entry carries the length in its address field, and the mode in its length field.
            registration.submit(op(OP_FALLOCATE, fd, offset, bytes, mode, 0, slot));
        }

        @Override
        public void discard(int slot, long offset, long bytes) {
            blocking().discard(slot, offset, bytes);
        }

        @Override
        public void secureErase(int slot, long offset, long bytes) {
            blocking().secureErase(slot, offset, bytes);
        }

        private AsyncFile blocking() {
            if (blocking == null) {
                blocking = makeBlocking.get();
            }
            return blocking;
        }

        @Override
        public void fdatasync(int slot) {
            registration.submit(op(OP_FSYNC, fd, 0, 0, 0, FSYNC_DATASYNC, slot));
        }

        @Override
        public void handle(IoRegistration from, IoEvent ioEvent) {
            IoUringIoEvent event = (IoUringIoEvent) ioEvent;
            try {
                completion.completed((int) event.userData(), event.res());
            } catch (Throwable e) {
                FAULTS.error("file", "unexpected failure, " + e);
            }
        }

        @Override
        public void close(Runnable whenReleased) {
            released = whenReleased;
            if (blocking == null) {
                registration.cancel();
            } else {
                blocking.close(registration::cancel);
            }
        }

        @Override
        public void unregistered() {
            if (released != null) {
                released.run();
            }
        }

        @Override
        public void close() {
            registration.cancel();
        }
    }
}
