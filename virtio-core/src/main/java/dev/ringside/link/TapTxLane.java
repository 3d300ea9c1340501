package dev.ringside.link;

import dev.ringside.linux.Errno;
import dev.ringside.linux.Fd;
import dev.ringside.linux.VectorIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Writes frames to one queue of a TAP, each by one writev from where it lies. */
final class TapTxLane implements TxLane {
    private final TapPort port;
    private final Fd fd;
    private final VectorIo io = new VectorIo();
    private final Iovec iovec = new Iovec();
    private final MemorySegment header = Arena.ofAuto().allocate(NetHeader.BYTES, 8);
    /** For frames in more pieces than the kernel takes. */
    private @Nullable MemorySegment onePiece;

    TapTxLane(TapPort port, Fd fd) {
        this.port = port;
        this.fd = fd;
    }

    @Override
    public boolean send(Frame frame) {
        frame.header().write(header, 0, 0);
        iovec.clear();
        if (!frame.addTo(iovec)) {
            MemorySegment copy = onePiece();
            frame.copyTo(0, copy, 0, frame.bytes());
            iovec.add(copy.address(), frame.bytes());
        }
        long entries = iovec.before(header.address(), NetHeader.BYTES);
        int result;
        do {
            result = io.writev(fd.value(), entries, iovec.count() + 1);
        } while (result == -Errno.EINTR);
        if (result < 0) {
            dropped(-result);
        }
        return true;
    }

    private MemorySegment onePiece() {
        MemorySegment made = onePiece;
        if (made == null) {
            made = Arena.ofAuto().allocate(Frame.MAX_BYTES);
            onePiece = made;
        }
        return made;
    }

    private void dropped(int errno) {
        switch (errno) {
            // Of a single detached queue, too; the receive lane finds out whether all of the interface is gone.
            case Errno.EBADFD, Errno.EIO -> port.counters().dropSent(Drop.LINK_DOWN);
            case Errno.EINVAL -> port.counters().dropSent(Drop.MALFORMED);
            default -> port.counters().dropSent(Drop.REFUSED);
        }
    }

    @Override
    public void flush() {
        // Every frame has gone already.
    }

    @Override
    public void close(Runnable released) {
        released.run();
    }
}
