package dev.ringside.vhostuser;

import dev.ringside.channel.BlockingMessages;
import dev.ringside.channel.Frame;
import dev.ringside.channel.SocketServer;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import dev.ringside.linux.UnixSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A session with nobody, taken over, served and given up once before a real one is: a JVM loads, links and compiles what
 * it has not needed before, and that takes longer than the work itself, for which a guest has to wait.
 */
public final class Rehearsal {
    /** How often each request is made: the JVM compiles what it has seen some hundred times. */
    private static final int ROUNDS = 400;

    private static final int RECORD_BYTES = 1 << 14;
    private static final int MILLIS = 10_000;
    private static final long LOOK_NANOS = 20_000;

    private final SocketServer server;
    private final long features;
    private final boolean recorded;
    private final List<Request> requests;
    private final Runnable afterwards;

    /**
     * A chain of at most one buffer of each kind.
     *
     * @param readable what the device reads, up to 4 KiB
     * @param writable bytes that the device may write, up to 16 KiB
     */
    public record Request(byte[] readable, int writable) {
        public Request {
            if (readable.length > RehearsedRing.MAX_READABLE || writable > RehearsedRing.MAX_WRITABLE) {
                throw new IllegalArgumentException("a request that is too large to be rehearsed");
            }
        }
    }

    /**
     * Prepares a session.
     *
     * @param server of a device that nobody uses, without a socket; closed in the end
     * @param features of the device to take
     * @param recorded whether the front-end of such a device has requests in flight recorded
     * @param requests for each of its first queues, which together make it use all of them
     * @param afterwards run when the server is closed
     */
    public Rehearsal(
            SocketServer server, long features, boolean recorded, List<Request> requests, Runnable afterwards) {
        this.server = server;
        this.features = features;
        this.recorded = recorded;
        this.requests = requests;
        this.afterwards = afterwards;
    }

    /**
     * Goes through it.
     *
     * @throws IOException if the device does not do what it has been asked for
     */
    public void run() throws IOException, MessageFault {
        UnixSocket[] nobody = UnixSocket.pair();
        UnixSocket[] words = UnixSocket.pair();
        long bytes = (long) requests.size() * RehearsedRing.BYTES;
        try (BlockingMessages here = new BlockingMessages(words[0], new VhostUserFraming());
                BlockingMessages there = new BlockingMessages(words[1], new VhostUserFraming());
                Fd memory = MemFd.create("ringside-rehearsal", bytes);
                Fd record = MemFd.create("ringside-rehearsal", RECORD_BYTES);
                Fd kick = EventFd.create();
                Fd call = EventFd.create();
                Arena arena = Arena.ofShared()) {
            List<RehearsedRing> rings = rings(Mmap.shared(memory, 0, bytes, arena));
            server.inherit(null, nobody[1].fd()).join();
            List<Frame> script = new ArrayList<>(beginning(new Message.Region(0, bytes, 0, 0, memory)));
            if (recorded) {
                Message.Inflight area = new Message.Inflight(RECORD_BYTES, 0, rings.size(), RehearsedRing.SIZE, false);
                script.add(Words.inflight(area, record));
            }
            script.addAll(start(rings, kick, call));
            for (Frame frame : script) {
                here.send(frame, MILLIS);
                server.replay(there.receive(MILLIS)).join();
            }
            server.begin().join();
            for (int i = 0; i < ROUNDS; i++) {
                rings.forEach(RehearsedRing::offer);
                EventFd.signal(kick);
                await(rings);
            }
            try (SocketServer.Description description = server.describe().join()) {
                description.state().forEach(Frame::release);
            }
            server.suspend().join().forEach(Frame::release);
            server.resume();
            server.close().join();
            afterwards.run();
        } finally {
            nobody[0].close();
        }
    }

    private List<RehearsedRing> rings(MemorySegment memory) {
        List<RehearsedRing> rings = new ArrayList<>();
        for (Request request : requests) {
            long at = (long) rings.size() * RehearsedRing.BYTES;
            rings.add(new RehearsedRing(memory.asSlice(at, RehearsedRing.BYTES), at, request));
        }
        return rings;
    }

    private static void await(List<RehearsedRing> rings) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MILLIS);
        while (!rings.stream().allMatch(RehearsedRing::isUsed)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("requests are not completed");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private List<Frame> beginning(Message.Region memory) {
        return List.of(
                Words.empty(RequestType.SET_OWNER),
                Words.u64(
                        RequestType.SET_PROTOCOL_FEATURES,
                        ProtocolFeature.OFFERED | (recorded ? ProtocolFeature.INFLIGHT_SHMFD : 0)),
                Words.u64(RequestType.SET_FEATURES, features | ProtocolFeature.VHOST_USER_F_PROTOCOL_FEATURES),
                Words.addMemReg(memory));
    }

    private static List<Frame> start(List<RehearsedRing> rings, Fd kick, Fd call) {
        List<Frame> words = new ArrayList<>();
        for (int i = 0; i < rings.size(); i++) {
            words.add(Words.vringState(RequestType.SET_VRING_NUM, i, RehearsedRing.SIZE));
            words.add(Words.vringAddr(i, rings.get(i).address(), false, 0));
            words.add(Words.vringFd(RequestType.SET_VRING_CALL, i, call));
            words.add(Words.vringFd(RequestType.SET_VRING_ERR, i, call));
            words.add(Words.vringState(RequestType.SET_VRING_ENABLE, i, 1));
            words.add(Words.vringFd(RequestType.SET_VRING_KICK, i, kick));
        }
        return words;
    }
}
