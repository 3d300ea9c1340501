package dev.ringside.loop;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringSocketChannel;

/** The ways of doing I/O, best first. */
public enum Engine {
    /** Everything through one io_uring for each loop. */
    IO_URING {
        @Override
        public boolean isAvailable() {
            return IoUring.isAvailable();
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return IoUringIoHandler.newFactory(
                    new IoUringIoHandlerConfig().setRingSize(RING_SIZE).setCqSize(COMPLETION_RING_SIZE));
        }

        @Override
        IoEngine create(DeviceLoop loop) {
            return new IoUringEngine(loop);
        }

        @Override
        public Channel newTcpChannel() {
            return new IoUringSocketChannel();
        }

        @Override
        public Channel newUnixChannel() {
            return new IoUringDomainSocketChannel();
        }
    },
    /** epoll for descriptors, blocking calls on a thread pool for files. */
    EPOLL {
        @Override
        public boolean isAvailable() {
            return true;
        }

        @Override
        IoHandlerFactory handlerFactory() {
            return EpollIoHandler.newFactory();
        }

        @Override
        IoEngine create(DeviceLoop loop) {
            return new EpollEngine(loop);
        }

        @Override
        public Channel newTcpChannel() {
            return new EpollSocketChannel();
        }

        @Override
        public Channel newUnixChannel() {
            return new EpollDomainSocketChannel();
        }
    };

    /** More than a turn usually submits; a full ring costs one more system call, nothing else. */
    private static final int RING_SIZE = 256;
    /** As many as are usually in flight on one loop; the kernel keeps what goes beyond it. */
    private static final int COMPLETION_RING_SIZE = 4096;

    /** Whether the kernel, and what confines this process, allows it. */
    public abstract boolean isAvailable();

    /** A TCP socket for a loop of this kind, not registered or connected yet. */
    public abstract Channel newTcpChannel();

    /** A stream socket of AF_UNIX that carries bytes only; as {@link #newTcpChannel}. */
    public abstract Channel newUnixChannel();

    abstract IoHandlerFactory handlerFactory();

    abstract IoEngine create(DeviceLoop loop);

    /** The first that is available. */
    public static Engine best() {
        return IO_URING.isAvailable() ? IO_URING : EPOLL;
    }
}
