package dev.ringside.blk.storage.nbd;

import dev.ringside.blk.storage.Storage;
import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.fault.FaultLog;
import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An export of an NBD server. Decides when links are up: all of them stand and fall together, because what is unflushed
 * must be written again before anything else is, on whatever connection.
 *
 * <pre>
 *            a link lost its connection          all links are down
 *      UP ------------------------------> ENDING -------------------> SEARCHING
 *       ^                                                              |    |  ^
 *       '------------------- Recovery found the server ----------------'    '--' not found: later
 * </pre>
 *
 * <p>That state belongs to the control loop; links hear of it by tasks on their own loops.
 */
public final class NbdStorage implements Storage {
    private static final Logger LOG = LoggerFactory.getLogger(NbdStorage.class);

    private static final long FIRST_RETRY_MILLIS = 20;
    private static final long LAST_RETRY_MILLIS = 1000;
    /** After so long without trouble, the next attempt follows at once again. */
    private static final long CALM_NANOS = TimeUnit.SECONDS.toNanos(5);

    private enum State {
        UP,
        ENDING,
        SEARCHING
    }

    private final NbdUri uri;
    private final boolean readOnly;
    private final long patienceNanos;
    private final DeviceLoop control;
    private final Limits limits;
    private final Unflushed unflushed = new Unflushed();
    private final FaultLog faults = new FaultLog(LOG);
    private volatile long sizeFound;
    private volatile long sectors;

    /** What does the work of all, where the server does not want several connections; made with the first queue. */
    private @Nullable Link common;

    // Of the control loop from here on.
    private final List<Link> links = new ArrayList<>();
    private final Set<Link> ending = new HashSet<>();
    private Recovery.Found found;
    private State state = State.UP;
    private int generation;
    private long foundAt = System.nanoTime();
    private long lostAt;
    private long retryMillis = FIRST_RETRY_MILLIS;
    /** Whether the server promised to take several connections, and did not. */
    private boolean crowded;

    private boolean failing;
    private boolean closed;

    private NbdStorage(NbdUri uri, boolean readOnly, long patienceSeconds, DeviceLoop control, Recovery.Found found) {
        this.uri = uri;
        this.readOnly = readOnly;
        this.patienceNanos = TimeUnit.SECONDS.toNanos(patienceSeconds);
        this.control = control;
        this.found = found;
        Export export = found.export();
        this.sizeFound = export.size();
        this.sectors = export.size() / SECTOR_BYTES;
        int blockBytes = Math.max(export.preferredBlock(), SECTOR_BYTES);
        this.limits = new Limits(
                blockBytes,
                blockBytes,
                !readOnly && export.has(Nbd.FLAG_SEND_TRIM),
                !readOnly && export.has(Nbd.FLAG_SEND_WRITE_ZEROES),
                false);
    }

    /**
     * Finds a server and its export; waits for that.
     *
     * @param readOnly never write; must be so if the server does not allow more
     * @param blockBytes the smallest unit that will be read and written
     * @param patienceSeconds how long requests wait for a server that has gone
     * @param control where connections are looked after
     * @throws IOException with a message for the user: no server, no such export, read-only, or of an odd size
     */
    public static NbdStorage open(
            NbdUri uri, boolean readOnly, int blockBytes, long patienceSeconds, DeviceLoop control) throws IOException {
        Recovery.Found found;
        try {
            found = Recovery.start(control, uri, new Unflushed()).join();
        } catch (CompletionException e) {
            throw new IOException(uri + ": " + Recovery.reason(e), e);
        }
        Export export = found.export();
        if (export.isReadOnly() && !readOnly) {
            throw new IOException(uri + ": the export is read-only, so --read-only is needed");
        }
        if (export.size() == 0 || export.size() % SECTOR_BYTES != 0) {
            throw new IOException(
                    uri + ": size of the export, " + export.size() + " bytes, is no multiple of " + SECTOR_BYTES);
        }
        if (export.minimumBlock() > blockBytes) {
            throw new IOException("%s: the server's blocks have %d bytes, so --block-size=%d is too small"
                    .formatted(uri, export.minimumBlock(), blockBytes));
        }
        return new NbdStorage(uri, readOnly, patienceSeconds, control, found);
    }

    @Override
    public String name() {
        return uri.export().isEmpty() ? uri.server() : uri.export();
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public long sectors() {
        return sectors;
    }

    /** The protocol, as servers speak it, tells sizes only when a connection is made. */
    @Override
    public boolean refreshSize() {
        long now = sizeFound / SECTOR_BYTES;
        boolean changed = now != sectors;
        sectors = now;
        return changed;
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public StorageQueue open(DeviceLoop loop, StorageQueue.Completion completion) {
        makeCommon(loop);
        Link link = new Link(loop, this, unflushed);
        control.execute(() -> attach(link));
        return new NbdQueue(loop, link, completion);
    }

    private synchronized void makeCommon(DeviceLoop loop) {
        if (common == null) {
            Link made = new Link(loop, this, unflushed);
            common = made;
            control.execute(() -> attach(made));
        }
    }

    private synchronized @Nullable Link common() {
        return common;
    }

    NbdUri uri() {
        return uri;
    }

    long patienceNanos() {
        return patienceNanos;
    }

    void warn(String what) {
        faults.warn(uri.toString(), what);
    }

    private void attach(Link link) {
        links.add(link);
        if (state == State.UP) {
            raise(link);
        } else if (failing) {
            link.loop().execute(link::fail);
        }
    }

    private void raise(Link link) {
        boolean several = found.export().canMultiConn() && !crowded;
        Link.Up up = new Link.Up(generation, found.export(), found.address(), several ? null : common());
        link.loop().execute(() -> link.up(up));
    }

    /** A link is not used any longer. From any thread. */
    void detach(Link link) {
        control.execute(() -> {
            links.remove(link);
            ended(link);
        });
    }

    /**
     * A link has lost its connection. From any thread.
     *
     * @param of the generation in which that was; nothing happens if it has passed
     * @param refused whether the server took the connection and then would not serve it
     */
    void lost(int of, String reason, boolean refused) {
        control.execute(() -> {
            if (of != generation || state != State.UP || closed) {
                return;
            }
            warn("connection lost, " + reason);
            if (refused && found.export().canMultiConn() && !crowded) {
                crowded = true;
                warn("the server takes no more connections; one is used for all queues from here on");
            }
            state = State.ENDING;
            generation++;
            lostAt = System.nanoTime();
            if (lostAt - foundAt > CALM_NANOS) {
                retryMillis = FIRST_RETRY_MILLIS;
            }
            int now = generation;
            control.schedule(() -> loseHope(now), patienceNanos, TimeUnit.NANOSECONDS);
            ending.addAll(links);
            for (Link link : links) {
                link.loop().execute(() -> {
                    link.down();
                    control.execute(() -> ended(link));
                });
            }
            searchWhenAllAreDown();
        });
    }

    private void ended(Link link) {
        ending.remove(link);
        searchWhenAllAreDown();
    }

    private void searchWhenAllAreDown() {
        if (state == State.ENDING && ending.isEmpty()) {
            state = State.SEARCHING;
            searchLater();
        }
    }

    private void searchLater() {
        control.schedule(this::search, retryMillis, TimeUnit.MILLISECONDS);
        long mostMillis = Math.min(TimeUnit.NANOSECONDS.toMillis(patienceNanos) / 4, LAST_RETRY_MILLIS);
        retryMillis = Math.max(FIRST_RETRY_MILLIS, Math.min(2 * retryMillis, mostMillis));
    }

    private void search() {
        if (!closed) {
            Recovery.start(control, uri, unflushed).whenComplete((now, failure) -> {
                if (failure == null) {
                    restore(now);
                } else {
                    LOG.debug("{}: not found, {}", uri, Recovery.reason(failure));
                    searchLater();
                }
            });
        }
    }

    private void restore(Recovery.Found now) {
        if (closed) {
            return;
        }
        found = now;
        foundAt = System.nanoTime();
        sizeFound = now.export().size();
        state = State.UP;
        failing = false;
        if (now.errno() != 0) {
            // They were reported to the guest as written; its next flush has to tell that they are not.
            warn("not all unflushed writes could be written again, " + Errno.describe(now.errno()));
            unflushed.flushFailed(0, now.errno());
        }
        LOG.info(
                "{}: connected again after {} ms; {} unflushed writes written again",
                uri,
                TimeUnit.NANOSECONDS.toMillis(foundAt - lostAt),
                now.writesRepeated());
        links.forEach(this::raise);
    }

    private void loseHope(int of) {
        if (of == generation && state != State.UP && !closed) {
            failing = true;
            warn("no connection for " + TimeUnit.NANOSECONDS.toSeconds(patienceNanos)
                    + " s; requests fail until there is one again");
            for (Link link : links) {
                link.loop().execute(link::fail);
            }
        }
    }

    @Override
    public void close() {
        control.execute(() -> {
            closed = true;
            for (Link link : List.copyOf(links)) {
                link.loop().execute(link::close);
            }
            unflushed.flushed(Long.MAX_VALUE);
        });
    }
}
