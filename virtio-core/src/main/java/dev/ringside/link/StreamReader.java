package dev.ringside.link;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Errno;
import dev.ringside.linux.UnixSocket;
import dev.ringside.linux.VectorIo;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Watch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving side of a stream, and the keeper of its connection. Reads as much as there is, and hands over frame by
 * frame; when the NIC has no room it stops reading, and the other side notices. Runs on the loop of the NIC's first
 * receive lane, for as long as that is open.
 */
final class StreamReader {
    private static final Logger LOG = LoggerFactory.getLogger(StreamReader.class);

    private static final long RETRY_MILLIS = 100;
    /** Reads in one go, before the loop's other queues get their turn. */
    private static final int BUDGET = 4;

    private final StreamPort port;
    private final DeviceLoop loop;
    private final NextTurn next;
    private final VectorIo io = new VectorIo();
    private final Iovec iovec = new Iovec();
    private final StreamFrames frames = new StreamFrames();
    private @Nullable UnixSocket socket;
    private @Nullable Watch watch;
    private boolean closed;

    StreamReader(StreamPort port, DeviceLoop loop) {
        this.port = port;
        this.loop = loop;
        this.next = new NextTurn(loop, this::resume);
    }

    /** Begins with a connection, or waits for one. What an earlier reader left over of it is lost. */
    void start() {
        UnixSocket next = port.nextConnection();
        if (closed) {
            return;
        }
        if (next == null) {
            loop.schedule(this::retry, RETRY_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        socket = next;
        frames.clear();
        watch = loop.watch(next.fd(), Interest.READ_WRITE, this::ready);
    }

    private void retry() {
        if (!closed && socket == null) {
            start();
        }
    }

    private void ready() {
        port.sender().flush();
        resume();
    }

    /** Goes on, perhaps after the NIC had no room. */
    void resume() {
        UnixSocket connection = socket;
        if (connection == null || closed) {
            return;
        }
        for (int reads = 0; handOver(); reads++) {
            if (reads == BUDGET) {
                next.ask();
                return;
            }
            iovec.clear();
            int result = io.readv(connection.fd().value(), iovec.before(frames.address(), frames.room()), 1);
            if (result == -Errno.EAGAIN) {
                return;
            }
            if (result <= 0) {
                lost(result == 0 ? "the other side has closed it" : Errno.describe(-result));
                return;
            }
            frames.received(result);
        }
    }

    /** Hands complete frames over. Returns whether more can be read: there is room, and the stream makes sense. */
    private boolean handOver() {
        try {
            return frames.handOver(port::receive);
        } catch (MessageFault e) {
            lost(e.getMessage());
            return false;
        }
    }

    private void lost(String reason) {
        LOG.info("{}: connection lost, {}", port.name(), reason);
        UnixSocket gone = socket;
        Watch ended = watch;
        socket = null;
        watch = null;
        port.connectionLost();
        if (ended != null && gone != null) {
            ended.close(gone::close);
        }
        loop.schedule(this::retry, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Ends reading; the connection stays for a later reader, unless it is in the middle of a frame. */
    void close(Runnable released) {
        closed = true;
        next.close();
        Watch ended = watch;
        UnixSocket connection = socket;
        if (ended == null || connection == null) {
            released.run();
        } else if (frames.isEmpty()) {
            ended.close(() -> {
                port.keep(connection);
                released.run();
            });
        } else {
            port.connectionLost();
            ended.close(() -> {
                connection.close();
                released.run();
            });
        }
    }
}
