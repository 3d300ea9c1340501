package dev.ringside.blk.storage.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of the fixed newstyle negotiation (proto.md, "Fixed newstyle negotiation"), as a machine without
 * I/O: bytes of the server go in, bytes for the server come out.
 *
 * <pre>
 *   greeting -> client flags, OPT_STRUCTURED_REPLY -> ACK or an error -> OPT_GO -> INFO..., ACK -> transmission
 * </pre>
 *
 * <p>Whatever the server says is checked here, once, before anything is done with it.
 */
final class Handshake {
    private static final int GREETING_BYTES = 18;
    private static final int OPTION_REPLY_BYTES = 20;
    /** The longest option reply that makes sense: an error with a message, or a piece of information. */
    private static final int MAX_REPLY_BYTES = Nbd.MAX_STRING_BYTES + 64;
    /** A server may send information that nobody asked for, but not for ever. */
    private static final int MAX_REPLIES = 64;

    private static final int EXPORT_INFO_BYTES = 12;
    private static final int BLOCK_SIZE_INFO_BYTES = 14;
    private static final long NO_LIMIT = 0xffff_ffffL;

    private enum State {
        GREETING,
        STRUCTURED_REPLY,
        GO
    }

    private final String exportName;
    private State state = State.GREETING;
    private int replies;
    private boolean structured;
    private boolean exportKnown;
    private long size;
    private int flags;
    private int minimumBlock = 1;
    private int preferredBlock = Export.DEFAULT_PREFERRED_BLOCK;
    private int maximumPayload = Export.MAX_PAYLOAD;

    Handshake(String exportName) {
        this.exportName = exportName;
    }

    /**
     * Takes what the server has sent, as far as it is complete.
     *
     * @param in read from; an incomplete message is left in it
     * @param out what the server must be sent now is appended
     * @return the export when transmission has begun, {@code null} while more is to come
     */
    @Nullable
    Export advance(ByteBuf in, ByteBuf out) throws ServerFault {
        while (true) {
            if (state == State.GREETING) {
                if (in.readableBytes() < GREETING_BYTES) {
                    return null;
                }
                greeting(in, out);
            } else {
                if (in.readableBytes() < OPTION_REPLY_BYTES) {
                    return null;
                }
                long length = in.getUnsignedInt(in.readerIndex() + OPTION_REPLY_BYTES - Integer.BYTES);
                if (length > MAX_REPLY_BYTES) {
                    throw new ServerFault("option reply of " + length + " bytes");
                }
                if (in.readableBytes() < OPTION_REPLY_BYTES + length) {
                    return null;
                }
                Export export = optionReply(in, out);
                if (export != null) {
                    return export;
                }
            }
        }
    }

    private void greeting(ByteBuf in, ByteBuf out) throws ServerFault {
        if (in.readLong() != Nbd.NBDMAGIC || in.readLong() != Nbd.IHAVEOPT) {
            throw new ServerFault("no NBD server of the newstyle");
        }
        int offered = in.readUnsignedShort();
        if ((offered & Nbd.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new ServerFault("the server does not know the fixed newstyle");
        }
        out.writeInt(offered & (Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES));
        option(out, Nbd.OPT_STRUCTURED_REPLY, 0);
        state = State.STRUCTURED_REPLY;
    }

    private static void option(ByteBuf out, int option, int bytes) {
        out.writeLong(Nbd.IHAVEOPT).writeInt(option).writeInt(bytes);
    }

    private void sendGo(ByteBuf out) {
        byte[] name = exportName.getBytes(StandardCharsets.UTF_8);
        option(out, Nbd.OPT_GO, Integer.BYTES + name.length + 2 * Short.BYTES);
        out.writeInt(name.length).writeBytes(name);
        out.writeShort(1).writeShort(Nbd.INFO_BLOCK_SIZE);
        state = State.GO;
    }

    private @Nullable Export optionReply(ByteBuf in, ByteBuf out) throws ServerFault {
        long magic = in.readLong();
        int option = in.readInt();
        int type = in.readInt();
        ByteBuf data = in.readSlice(in.readInt());
        int asked = state == State.GO ? Nbd.OPT_GO : Nbd.OPT_STRUCTURED_REPLY;
        if (magic != Nbd.OPTION_REPLY_MAGIC || option != asked) {
            throw new ServerFault(
                    "reply to option %d with magic %#x, when %d was asked".formatted(option, magic, asked));
        }
        if (++replies > MAX_REPLIES) {
            throw new ServerFault("more than " + MAX_REPLIES + " option replies");
        }
        if (state == State.STRUCTURED_REPLY) {
            if (type != Nbd.REP_ACK && (type & Nbd.REP_FLAG_ERROR) == 0) {
                throw new ServerFault("option reply of type " + type + " to STRUCTURED_REPLY");
            }
            structured = type == Nbd.REP_ACK;
            sendGo(out);
            return null;
        }
        if (type == Nbd.REP_ACK) {
            return export();
        }
        if (type != Nbd.REP_INFO) {
            throw refusal(type, data);
        }
        info(data);
        return null;
    }

    private ServerFault refusal(int type, ByteBuf data) {
        String message = data.toString(StandardCharsets.UTF_8)
                .replaceAll("\\p{Cntrl}", " ")
                .strip();
        String why = switch (type) {
            case Nbd.REP_ERR_UNKNOWN -> "the server has no export '" + exportName + "'";
            case Nbd.REP_ERR_TLS_REQD -> "the server wants TLS, which is not supported";
            case Nbd.REP_ERR_POLICY -> "the server does not let us use export '" + exportName + "'";
            case Nbd.REP_ERR_SHUTDOWN -> "the server is shutting down";
            case Nbd.REP_ERR_UNSUP -> "the server does not know OPT_GO";
            default -> "the server refuses export '" + exportName + "', option reply %#x".formatted(type);
        };
        return new ServerFault(message.isEmpty() ? why : why + " (" + message + ")");
    }

    private void info(ByteBuf data) throws ServerFault {
        if (data.readableBytes() < Short.BYTES) {
            throw new ServerFault("information of " + data.readableBytes() + " bytes");
        }
        int bytes = data.readableBytes();
        int type = data.readUnsignedShort();
        if (type == Nbd.INFO_EXPORT) {
            if (bytes != EXPORT_INFO_BYTES) {
                throw new ServerFault("INFO_EXPORT of " + bytes + " bytes");
            }
            size = data.readLong();
            flags = data.readUnsignedShort();
            exportKnown = true;
        } else if (type == Nbd.INFO_BLOCK_SIZE) {
            if (bytes != BLOCK_SIZE_INFO_BYTES) {
                throw new ServerFault("INFO_BLOCK_SIZE of " + bytes + " bytes");
            }
            blockSizes(data.readUnsignedInt(), data.readUnsignedInt(), data.readUnsignedInt());
        }
    }

    private void blockSizes(long minimum, long preferred, long maximum) throws ServerFault {
        boolean sensible = isBlock(minimum)
                && minimum <= Export.MAX_BLOCK
                && isBlock(preferred)
                && preferred >= minimum
                && maximum >= minimum
                && (maximum == NO_LIMIT || maximum % minimum == 0);
        if (!sensible) {
            throw new ServerFault("block sizes %d, %d, %d".formatted(minimum, preferred, maximum));
        }
        minimumBlock = (int) minimum;
        preferredBlock = (int) Math.min(preferred, Export.MAX_BLOCK);
        maximumPayload = (int) Math.min(maximum, Export.MAX_PAYLOAD);
    }

    private static boolean isBlock(long bytes) {
        return Long.bitCount(bytes) == 1;
    }

    private Export export() throws ServerFault {
        if (!exportKnown || size < 0 || (flags & Nbd.FLAG_HAS_FLAGS) == 0) {
            throw new ServerFault("no size and flags of the export");
        }
        return new Export(size, flags, minimumBlock, preferredBlock, maximumPayload, structured);
    }
}
