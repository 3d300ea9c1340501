package dev.ringside.channel;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.UnixSocket;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The messages of a {@link FdChannel}, for a thread that may wait for them. */
public final class BlockingMessages implements AutoCloseable {
    private final UnixSocket socket;
    private final Framing framing;

    /** @param socket taken over */
    public BlockingMessages(UnixSocket socket, Framing framing) {
        this.socket = socket;
        this.framing = framing;
    }

    /**
     * Sends a message, and releases it.
     *
     * @param millis how long to wait for room
     */
    public void send(Frame frame, int millis) throws IOException {
        try {
            ByteBuf bytes = frame.bytes();
            List<Fd> fds = frame.fds();
            while (bytes.isReadable()) {
                int sent = socket.send(MemorySegment.ofBuffer(bytes.nioBuffer()), fds);
                if (sent == UnixSocket.WOULD_BLOCK) {
                    await(false, millis);
                } else {
                    bytes.skipBytes(sent);
                    fds = List.of();
                }
            }
        } finally {
            frame.release();
        }
    }

    /**
     * Receives a message.
     *
     * @param millis how long to wait for each part of it
     * @return to be released
     */
    public Frame receive(int millis) throws IOException, MessageFault {
        List<Fd> fds = new ArrayList<>();
        ByteBuf bytes = Unpooled.directBuffer(framing.headerBytes());
        try {
            receive(bytes, framing.headerBytes(), fds, millis);
            receive(bytes, framing.payloadBytes(bytes), fds, millis);
            return Frame.received(bytes, fds);
        } catch (IOException | MessageFault e) {
            bytes.release();
            fds.forEach(Fd::close);
            throw e;
        }
    }

    private void receive(ByteBuf bytes, int count, List<Fd> fds, int millis) throws IOException {
        bytes.ensureWritable(count);
        for (int missing = count; missing > 0; ) {
            int received = socket.receive(MemorySegment.ofBuffer(bytes.nioBuffer(bytes.writerIndex(), missing)), fds);
            if (received == UnixSocket.WOULD_BLOCK) {
                await(true, millis);
            } else if (received == 0) {
                throw new IOException("the other process has gone");
            } else {
                bytes.writerIndex(bytes.writerIndex() + received);
                missing -= received;
            }
        }
    }

    private void await(boolean readable, int millis) throws IOException {
        if (!socket.await(readable, millis)) {
            throw new IOException("the other process says nothing for " + millis + " ms");
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
