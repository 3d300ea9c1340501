package dev.ringside.blk.storage.nbd;

import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to find the server: connects, learns what the export is like, writes again what may have been lost with
 * the server's predecessor, flushes, and disconnects. All links are down meanwhile. On one loop, once.
 *
 * <p>A server works on the commands in flight in any order, so a write waits for those before it that it overlaps.
 */
final class Recovery implements Connection.Owner {
    private static final int PIPELINED = 64;

    /**
     * What was found.
     *
     * @param export as the server describes it
     * @param address of the server
     * @param writesRepeated how many unflushed writes have been written again
     * @param errno of the first of them that failed, or of the flush; 0 if all is well
     */
    record Found(Export export, SocketAddress address, int writesRepeated, int errno) {}

    private final DeviceLoop loop;
    private final NbdUri uri;
    private final Unflushed unflushed;
    private final Deque<Unflushed.Write> left;
    private final int repeated;
    private final List<Unflushed.Write> inFlight = new ArrayList<>();
    private final CompletableFuture<Found> found = new CompletableFuture<>();

    private @Nullable Connection connection;
    private @Nullable SocketAddress address;
    private @Nullable Export export;
    private boolean flushing;
    private int errno;

    private Recovery(DeviceLoop loop, NbdUri uri, Unflushed unflushed) {
        this.loop = loop;
        this.uri = uri;
        this.unflushed = unflushed;
        this.left = new ArrayDeque<>(unflushed.all());
        this.repeated = left.size();
    }

    /**
     * Begins. From any thread.
     *
     * @return completed on the loop; fails with an {@link IOException} whose message says why there is no server
     */
    static CompletableFuture<Found> start(DeviceLoop loop, NbdUri uri, Unflushed unflushed) {
        Recovery recovery = new Recovery(loop, uri, unflushed);
        // A thread of its own: resolvers block, for seconds at their worst.
        Thread.ofVirtual().start(() -> {
            try {
                SocketAddress resolved = uri.resolve();
                loop.execute(() -> recovery.connect(resolved));
            } catch (IOException e) {
                loop.execute(() -> recovery.found.completeExceptionally(e));
            }
        });
        return recovery.found;
    }

    /** The reason in a failure of {@link #start}. */
    static String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String message = cause.getMessage();
        return cause instanceof IOException && message != null ? message : cause.toString();
    }

    private void connect(SocketAddress resolved) {
        address = resolved;
        connection = Connection.open(loop, uri, resolved, this);
    }

    @Override
    public void ready(Connection from, Export described) {
        export = described;
        pump();
    }

    @Override
    public void roomAgain() {
        pump();
    }

    private void pump() {
        Connection to = connection;
        if (to == null || export == null) {
            return;
        }
        while (!left.isEmpty() && inFlight.size() < PIPELINED && to.hasRoom() && isFree(left.getFirst())) {
            Unflushed.Write write = left.removeFirst();
            inFlight.add(write);
            Command command = new Command();
            command.begin(write.type(), write.flags(), write.offset(), write.bytes(), write, 0, null);
            to.send(command);
        }
        if (left.isEmpty() && inFlight.isEmpty()) {
            flushOrEnd(to, export);
        }
    }

    private boolean isFree(Unflushed.Write write) {
        return inFlight.stream().noneMatch(write::overlaps);
    }

    private void flushOrEnd(Connection to, Export described) {
        if (repeated > 0 && !flushing && described.has(Nbd.FLAG_SEND_FLUSH)) {
            flushing = true;
            to.send(new Command().begin(Nbd.CMD_FLUSH, 0, 0, 0, null, 0, null));
        } else {
            end(to, described);
        }
    }

    private void end(Connection to, Export described) {
        connection = null;
        to.end();
        if (address != null) {
            unflushed.flushed(unflushed.ticket());
            found.complete(new Found(described, address, repeated, errno));
        }
    }

    @Override
    public void answered(Command command) {
        if (command.errno() != 0 && errno == 0) {
            errno = command.errno();
        }
        if (command.type() == Nbd.CMD_FLUSH) {
            if (connection != null && export != null) {
                end(connection, export);
            }
            return;
        }
        inFlight.removeIf(write -> write.offset() == command.offset() && write.bytes() == command.bytes());
        pump();
    }

    @Override
    public void lost(Connection from, String reason) {
        if (errno != 0) {
            reason += ", after " + Errno.describe(errno);
        }
        connection = null;
        found.completeExceptionally(new IOException(reason));
    }
}
