package dev.ringside.blk.storage.nbd;

import dev.ringside.linux.Errno;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The stream of replies in the transmission phase (proto.md, "Simple reply message", "Structured reply chunk message"),
 * as a machine without I/O. Data goes from the bytes received straight to where its command wants it, in pieces as
 * they come. Every length, offset and cookie is checked against the command that it claims to answer.
 */
final class Replies {
    /** What replies are for. */
    interface Commands {
        /** The command in flight with this cookie, or {@code null}. */
        @Nullable
        Command inFlight(long cookie);

        /** A command is answered: its reply, or the last chunk of it, has come. */
        void answered(Command command);
    }

    private static final int SIMPLE_BYTES = 16;
    private static final int CHUNK_BYTES = 20;
    private static final int OFFSET_BYTES = 8;
    private static final int HOLE_BYTES = 12;
    private static final int ERROR_BYTES = 6;
    private static final int MAX_ERROR_BYTES = ERROR_BYTES + Nbd.MAX_STRING_BYTES + OFFSET_BYTES;

    /** What the bytes in {@link #header} are, when they are complete. */
    private enum Stage {
        MAGIC(Integer.BYTES),
        SIMPLE(SIMPLE_BYTES),
        CHUNK(CHUNK_BYTES),
        OFFSET_DATA(CHUNK_BYTES + OFFSET_BYTES),
        OFFSET_HOLE(CHUNK_BYTES + HOLE_BYTES),
        ERROR(CHUNK_BYTES + ERROR_BYTES);

        final int bytes;

        Stage(int bytes) {
            this.bytes = bytes;
        }
    }

    private final boolean structured;
    private final Commands commands;
    private final ByteBuf header = Unpooled.buffer(CHUNK_BYTES + HOLE_BYTES);
    private Stage stage = Stage.MAGIC;

    private @Nullable Command command;
    private boolean last;
    private long chunkBytes;
    private long dataAt;
    private long dataLeft;
    private long skipLeft;

    /** @param structured whether structured replies were negotiated */
    Replies(boolean structured, Commands commands) {
        this.structured = structured;
        this.commands = commands;
    }

    /** Takes all that has been received; what is incomplete is remembered. */
    void consume(ByteBuf in) throws ServerFault {
        MemorySegment memory = MemorySegment.ofBuffer(in.nioBuffer());
        int base = in.readerIndex();
        while (in.isReadable()) {
            if (dataLeft > 0) {
                int piece = (int) Math.min(dataLeft, in.readableBytes());
                current().store(dataAt, memory, in.readerIndex() - base, piece);
                in.skipBytes(piece);
                dataAt += piece;
                dataLeft -= piece;
                endIfComplete();
            } else if (skipLeft > 0) {
                int piece = (int) Math.min(skipLeft, in.readableBytes());
                in.skipBytes(piece);
                skipLeft -= piece;
                endIfComplete();
            } else {
                header.writeBytes(in, Math.min(stage.bytes - header.writerIndex(), in.readableBytes()));
                if (header.writerIndex() == stage.bytes) {
                    step();
                }
            }
        }
    }

    private Command current() {
        return Objects.requireNonNull(command, "a reply is being read");
    }

    private void step() throws ServerFault {
        switch (stage) {
            case MAGIC -> magic();
            case SIMPLE -> simple();
            case CHUNK -> chunk();
            case OFFSET_DATA -> offsetData();
            case OFFSET_HOLE -> offsetHole();
            case ERROR -> error();
        }
    }

    private void magic() throws ServerFault {
        int magic = header.readInt();
        if (magic == Nbd.SIMPLE_REPLY_MAGIC) {
            stage = Stage.SIMPLE;
        } else if (magic == Nbd.STRUCTURED_REPLY_MAGIC && structured) {
            stage = Stage.CHUNK;
        } else {
            throw new ServerFault("reply with magic %#x".formatted(magic));
        }
    }

    private void find(long cookie) throws ServerFault {
        command = commands.inFlight(cookie);
        if (command == null) {
            throw new ServerFault("reply with unknown cookie %#x".formatted(cookie));
        }
    }

    private void simple() throws ServerFault {
        int error = header.readInt();
        find(header.readLong());
        last = true;
        if (error != 0) {
            failed(error);
        } else if (current().isRead()) {
            if (structured) {
                throw new ServerFault("simple reply to a READ, when structured ones were negotiated");
            }
            dataAt = 0;
            dataLeft = current().bytes();
        }
        endIfComplete();
    }

    private void chunk() throws ServerFault {
        last = (header.readUnsignedShort() & Nbd.REPLY_FLAG_DONE) != 0;
        int type = header.readUnsignedShort();
        find(header.readLong());
        chunkBytes = header.readUnsignedInt();
        if (type == Nbd.REPLY_TYPE_NONE && chunkBytes == 0 && last) {
            endIfComplete();
        } else if (type == Nbd.REPLY_TYPE_OFFSET_DATA && current().isRead() && chunkBytes > OFFSET_BYTES) {
            stage = Stage.OFFSET_DATA;
        } else if (type == Nbd.REPLY_TYPE_OFFSET_HOLE && current().isRead() && chunkBytes == HOLE_BYTES) {
            stage = Stage.OFFSET_HOLE;
        } else if ((type & Nbd.REPLY_TYPE_ERROR_BIT) != 0
                && chunkBytes >= ERROR_BYTES
                && chunkBytes <= MAX_ERROR_BYTES) {
            stage = Stage.ERROR;
        } else {
            throw new ServerFault("reply chunk of type %d with %d bytes to command %d"
                    .formatted(type, chunkBytes, current().type()));
        }
    }

    private void offsetData() throws ServerFault {
        dataAt = header.readLong() - current().offset();
        dataLeft = chunkBytes - OFFSET_BYTES;
        check(dataAt, dataLeft);
    }

    private void offsetHole() throws ServerFault {
        long at = header.readLong() - current().offset();
        long bytes = header.readUnsignedInt();
        check(at, bytes);
        current().storeZeroes(at, bytes);
        endIfComplete();
    }

    private void check(long at, long bytes) throws ServerFault {
        if (!current().expects(at, bytes)) {
            throw new ServerFault("%d bytes at %d of a READ of %d bytes"
                    .formatted(bytes, at, current().bytes()));
        }
    }

    private void error() throws ServerFault {
        int error = header.readInt();
        int messageBytes = header.readUnsignedShort();
        skipLeft = chunkBytes - ERROR_BYTES;
        if (error == 0 || messageBytes > skipLeft) {
            throw new ServerFault("error chunk with error %d and %d bytes".formatted(error, chunkBytes));
        }
        failed(error);
        endIfComplete();
    }

    /** The protocol's error values are Linux's; it has few, and others are not believed (proto.md, "Error values"). */
    private void failed(int error) throws ServerFault {
        if (error == Nbd.ESHUTDOWN) {
            // Not the request's fault: it is sent again to the server's successor.
            throw new ServerFault("the server is shutting down");
        }
        current()
                .fail(
                        switch (error) {
                            case Errno.EPERM, Errno.EINVAL, Errno.ENOSPC, Errno.EOPNOTSUPP -> error;
                            default -> Errno.EIO;
                        });
    }

    private void endIfComplete() throws ServerFault {
        if (dataLeft > 0 || skipLeft > 0) {
            return;
        }
        header.clear();
        stage = Stage.MAGIC;
        Command complete = current();
        command = null;
        if (!last) {
            return;
        }
        if (complete.isRead() && complete.errno() == 0 && !complete.isAnsweredWhole()) {
            throw new ServerFault("a READ of " + complete.bytes() + " bytes has been answered in part");
        }
        commands.answered(complete);
    }
}
