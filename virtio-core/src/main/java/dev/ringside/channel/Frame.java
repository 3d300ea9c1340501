package dev.ringside.channel;

import dev.ringside.linux.Fd;
import io.netty.buffer.ByteBuf;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import java.util.List;

/**
 * One message: header and payload, and the descriptors that came or go with it. Releasing a frame releases its bytes
 * and closes the descriptors that nobody took.
 */
public final class Frame extends AbstractReferenceCounted {
    private final ByteBuf bytes;
    private final List<Fd> fds;
    private final boolean closeFds;

    private Frame(ByteBuf bytes, List<Fd> fds, boolean closeFds) {
        this.bytes = bytes;
        this.fds = fds;
        this.closeFds = closeFds;
    }

    static Frame received(ByteBuf bytes, List<Fd> fds) {
        return new Frame(bytes, fds, true);
    }

    /**
     * A message to be sent.
     *
     * @param bytes a direct buffer, which the frame takes over
     * @param fds borrowed until the frame is written
     */
    public static Frame toSend(ByteBuf bytes, List<Fd> fds) {
        return new Frame(bytes, List.copyOf(fds), false);
    }

    /** The same, with descriptors that the frame takes over: they are closed when it is written, or cannot be. */
    public static Frame toSendAndClose(ByteBuf bytes, List<Fd> fds) {
        return new Frame(bytes, List.copyOf(fds), true);
    }

    /** Header and payload. */
    public ByteBuf bytes() {
        return bytes;
    }

    /** The descriptors, which the frame goes on to own if it was received. */
    public List<Fd> fds() {
        return fds;
    }

    /** Gives one received descriptor away: the caller owns it from here on. */
    public Fd take(Fd fd) {
        fds.remove(fd);
        return fd;
    }

    @Override
    protected void deallocate() {
        bytes.release();
        if (closeFds) {
            fds.forEach(Fd::close);
        }
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }
}
