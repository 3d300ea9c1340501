package dev.ringside.blk.storage.nbd;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** What a server says before transmission: an export that makes sense comes of it, or a fault. */
public final class NbdHandshakeFuzz implements FuzzTarget {
    private static final int MAX_ANSWER_BYTES = 1 << 16;

    private final ByteBuf in = Unpooled.directBuffer();
    private final ByteBuf out = Unpooled.directBuffer();

    @Override
    public void execute(FuzzInput input) {
        in.clear();
        out.clear();
        Handshake handshake = new Handshake("export");
        if (input.bool()) {
            in.writeLong(Nbd.NBDMAGIC).writeLong(Nbd.IHAVEOPT).writeShort(input.u8());
        }
        try {
            Export export = null;
            while (export == null && input.hasMore()) {
                piece(input);
                export = handshake.advance(in, out);
                if (out.readableBytes() > MAX_ANSWER_BYTES) {
                    throw new AssertionError(out.readableBytes() + " bytes to be sent");
                }
            }
            if (export != null) {
                check(export);
            }
        } catch (ServerFault e) {
            if (e.getMessage().isEmpty()) {
                throw new AssertionError("refused without a reason", e);
            }
        }
    }

    private static void check(Export export) {
        if (export.size() < 0
                || Integer.bitCount(export.minimumBlock()) != 1
                || export.maximumPayload() < export.minimumBlock()) {
            throw new AssertionError(export.toString());
        }
    }

    private void piece(FuzzInput input) {
        int kind = input.u8();
        if ((kind & 1) != 0) {
            in.writeBytes(input.bytes(kind >> 1));
            return;
        }
        int option = (kind & 2) == 0 ? Nbd.OPT_GO : Nbd.OPT_STRUCTURED_REPLY;
        int type = (kind & 4) == 0 ? input.below(5) : input.i32();
        in.writeLong(Nbd.OPTION_REPLY_MAGIC).writeInt(option).writeInt(type);
        byte[] data = input.bytes(input.below(40));
        in.writeInt((kind & 8) == 0 ? data.length : input.u16());
        in.writeBytes(data);
    }

    @Override
    public void close() {
        in.release();
        out.release();
    }
}
