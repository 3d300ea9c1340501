package dev.ringside.blk.storage.nbd;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** What a server answers in the transmission phase: bytes go to where their command wants them, or the server is at fault. */
public final class NbdRepliesFuzz implements FuzzTarget {
    private static final int BYTES = 1000;
    private static final int OFFSET = 5000;
    private static final int COMMANDS = 4;

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES);
    private final Command[] commands = new Command[COMMANDS];
    private final boolean[] answered = new boolean[COMMANDS];
    private final ByteBuf in = Unpooled.directBuffer();

    /** Where a READ's data goes. */
    private final class Buffer implements Payload {
        @Override
        public void read(long position, MemorySegment to, long toOffset, long bytes) {
            throw new AssertionError("nothing is sent here");
        }

        @Override
        public void write(long position, MemorySegment from, long fromOffset, long bytes) {
            MemorySegment.copy(from, fromOffset, memory, position, bytes);
        }
    }

    private final class InFlight implements Replies.Commands {
        @Override
        public @Nullable Command inFlight(long cookie) {
            return cookie >= 0 && cookie < COMMANDS && !answered[(int) cookie] ? commands[(int) cookie] : null;
        }

        @Override
        public void answered(Command command) {
            int index = (int) command.cookie;
            if (answered[index]) {
                throw new AssertionError("answered twice");
            }
            if (command.isRead() && command.errno() == 0 && !command.isAnsweredWhole()) {
                throw new AssertionError("a READ that is done and has not got its data");
            }
            answered[index] = true;
        }
    }

    @Override
    public void execute(FuzzInput input) {
        int how = input.u8();
        for (int i = 0; i < COMMANDS; i++) {
            int type = i % 2 == 0 ? Nbd.CMD_READ : i == 1 ? Nbd.CMD_WRITE : Nbd.CMD_FLUSH;
            commands[i] =
                    new Command().begin(type, 0, OFFSET, type == Nbd.CMD_FLUSH ? 0 : BYTES, new Buffer(), 0, null);
            commands[i].cookie = i;
            answered[i] = false;
        }
        Replies replies = new Replies((how & 1) != 0, new InFlight());
        try {
            while (input.hasMore()) {
                in.clear();
                piece(input);
                replies.consume(in);
                if (in.isReadable()) {
                    throw new AssertionError(in.readableBytes() + " bytes were left");
                }
            }
        } catch (ServerFault e) {
            if (e.getMessage().isEmpty()) {
                throw new AssertionError("refused without a reason", e);
            }
        }
    }

    /** Some bytes of the stream; beginnings of replies more often than chance has them. */
    private void piece(FuzzInput input) {
        int kind = input.u8();
        switch (kind & 7) {
            case 0, 1 ->
                in.writeInt(Nbd.SIMPLE_REPLY_MAGIC)
                        .writeInt((kind & 8) == 0 ? 0 : input.u8())
                        .writeLong(input.below(COMMANDS + 1));
            case 2, 3 ->
                in.writeInt(Nbd.STRUCTURED_REPLY_MAGIC)
                        .writeShort(kind >> 7)
                        .writeShort(input.below(4) | ((kind & 0x40) << 9))
                        .writeLong(input.below(COMMANDS + 1))
                        .writeInt(input.u16());
            case 4 -> in.writeLong(OFFSET + input.u16()).writeInt(input.u16());
            case 5 -> in.writeZero(input.u16());
            default -> in.writeBytes(input.bytes(kind >> 3));
        }
    }

    @Override
    public void close() {
        in.release();
    }
}
