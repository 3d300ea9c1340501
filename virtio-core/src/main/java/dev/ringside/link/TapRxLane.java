package dev.ringside.link;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Tap;
import dev.ringside.linux.VectorIo;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Watch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames from one queue of a TAP, each by one readv into the room that the NIC has prepared, until there are no
 * more or the NIC has no room. What is not read waits in the kernel, which drops beyond its txqueuelen.
 */
final class TapRxLane implements RxLane {
    /** Frames read in one go, before the loop's other queues get their turn. */
    private static final int BUDGET = 64;

    private final TapPort port;
    private final Tap queue;
    private final NextTurn next;
    private final RxBuffers buffers;
    private final Watch watch;
    private final VectorIo io = new VectorIo();
    private final NetHeader header = new NetHeader();
    private final Frame staged = new Frame();
    private final Iovec stagedRoom = new Iovec();

    /** The header, then one byte behind the room: if that is written, the frame was longer than the room. */
    private final MemorySegment own = Arena.ofAuto().allocate(NetHeader.BYTES + 1L, 8);
    /** For frames that the NIC takes by copying; made when first needed. */
    private @Nullable MemorySegment staging;

    /** {@link #staged} has been read, and the NIC has had no room for it yet. */
    private boolean waiting;

    private boolean noRoom;
    private boolean closed;

    TapRxLane(TapPort port, Tap queue, DeviceLoop loop, RxBuffers buffers) {
        this.port = port;
        this.queue = queue;
        this.next = new NextTurn(loop, this::read);
        this.buffers = buffers;
        this.watch = loop.watch(queue.fd(), Interest.READ, this::readable);
    }

    private void readable() {
        if (!noRoom && !next.isAsked()) {
            read();
        }
    }

    @Override
    public void roomAgain() {
        if (noRoom && !next.isAsked()) {
            noRoom = false;
            read();
        }
    }

    private void read() {
        if (closed) {
            return;
        }
        int frames = 0;
        if (waiting) {
            putStaged();
            frames++;
        }
        while (frames < BUDGET && !noRoom && readOne()) {
            frames++;
        }
        if (frames > 0) {
            buffers.endOfBurst();
        }
        if (frames == BUDGET) {
            next.ask();
        }
    }

    /** Returns whether reading once more makes sense. */
    private boolean readOne() {
        Iovec room = buffers.prepare();
        if (room == null) {
            noRoom = true;
            return false;
        }
        boolean stage = room.count() == 0;
        if (stage) {
            room = stagingRoom();
        }
        long entries = room.before(own.address(), NetHeader.BYTES);
        room.behind(own.address() + NetHeader.BYTES, 1);
        int result;
        do {
            result = io.readv(queue.fd().value(), entries, room.count() + 2);
        } while (result == -Errno.EINTR);
        if (result < 0) {
            if (result == -Errno.EBADFD) {
                port.gone();
            } else if (result != -Errno.EAGAIN) {
                port.counters().dropReceived(Drop.REFUSED);
            }
            return false;
        }
        received(room, result - NetHeader.BYTES, stage);
        return true;
    }

    private void received(Iovec room, int bytes, boolean stage) {
        if (bytes <= 0) {
            return;
        }
        if (bytes > room.bytes()) {
            port.counters().dropReceived(Drop.TOO_LONG);
            return;
        }
        header.read(own, 0);
        if (!stage) {
            buffers.commit(header, bytes);
            return;
        }
        staged.clear();
        staged.header().copyFrom(header);
        staged.add(staging(), 0, bytes);
        putStaged();
    }

    /** Nothing more is read while the frame waits: it is the kernel's queue that fills up, and drops. */
    private void putStaged() {
        waiting = !buffers.put(staged);
        noRoom = waiting;
    }

    private Iovec stagingRoom() {
        if (stagedRoom.count() == 0) {
            stagedRoom.add(staging().address(), staging().byteSize());
        }
        return stagedRoom;
    }

    private MemorySegment staging() {
        MemorySegment made = staging;
        if (made == null) {
            made = Arena.ofAuto().allocate(Frame.MAX_BYTES);
            staging = made;
        }
        return made;
    }

    @Override
    public void close(Runnable released) {
        closed = true;
        if (waiting) {
            port.counters().dropReceived(Drop.NO_BUFFERS);
        }
        next.close();
        port.detach(queue);
        watch.close(released);
    }
}
