package dev.ringside.blk.storage.nbd;

import dev.ringside.loop.Engine;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.uring.IoUringChannelOption;

/** How sockets to servers are set: without delays, with large reads, and able to notice that a host has gone. */
final class SocketOptions {
    private static final int LEAST_READ_BYTES = 4 << 10;
    private static final int FIRST_READ_BYTES = 64 << 10;
    private static final int MOST_READ_BYTES = 256 << 10;

    /** A silent peer is asked after this long, so often, and given up: 25 seconds in all. */
    private static final int KEEPALIVE_IDLE_SECONDS = 10;

    private static final int KEEPALIVE_INTERVAL_SECONDS = 5;
    private static final int KEEPALIVE_COUNT = 3;
    /** The same for bytes that nobody acknowledges (tcp(7), TCP_USER_TIMEOUT). */
    private static final int USER_TIMEOUT_MILLIS = 25_000;

    private SocketOptions() {}

    static void apply(Bootstrap bootstrap, Engine kind, boolean unix) {
        bootstrap.option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(LEAST_READ_BYTES, FIRST_READ_BYTES, MOST_READ_BYTES));
        if (unix) {
            return;
        }
        bootstrap.option(ChannelOption.TCP_NODELAY, true).option(ChannelOption.SO_KEEPALIVE, true);
        switch (kind) {
            case IO_URING ->
                bootstrap
                        .option(IoUringChannelOption.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
                        .option(IoUringChannelOption.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS)
                        .option(IoUringChannelOption.TCP_KEEPCNT, KEEPALIVE_COUNT)
                        .option(IoUringChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
            case EPOLL ->
                bootstrap
                        .option(EpollChannelOption.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
                        .option(EpollChannelOption.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS)
                        .option(EpollChannelOption.TCP_KEEPCNT, KEEPALIVE_COUNT)
                        .option(EpollChannelOption.TCP_USER_TIMEOUT, USER_TIMEOUT_MILLIS);
        }
    }
}
