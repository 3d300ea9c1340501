package dev.ringside.blk.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.linux.Errno;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server may answer, and what not. One READ of 1000 bytes at 5000, and one WRITE, are in flight. */
class RepliesTest {
    private static final int READ_COOKIE = 11;
    private static final int WRITE_COOKIE = 22;
    private static final int OFFSET = 5000;
    private static final int BYTES = 1000;

    private final byte[] memory = new byte[BYTES];
    private final Command read = new Command().begin(Nbd.CMD_READ, 0, OFFSET, BYTES, new Memory(), 0, null);
    private final Command write = new Command().begin(Nbd.CMD_WRITE, 0, 0, BYTES, new Memory(), 0, null);
    private final List<Command> answered = new ArrayList<>();
    private final ByteBuf in = Unpooled.buffer();

    private final class Memory implements Payload {
        @Override
        public void read(long position, MemorySegment to, long toOffset, long bytes) {
            throw new AssertionError("nothing is sent here");
        }

        @Override
        public void write(long position, MemorySegment from, long fromOffset, long bytes) {
            MemorySegment.copy(from, fromOffset, MemorySegment.ofArray(memory), position, bytes);
        }
    }

    private Replies replies(boolean structured) {
        return new Replies(structured, new Replies.Commands() {
            @Override
            public Command inFlight(long cookie) {
                Command command = cookie == READ_COOKIE ? read : cookie == WRITE_COOKIE ? write : null;
                return answered.contains(command) ? null : command;
            }

            @Override
            public void answered(Command command) {
                answered.add(command);
            }
        });
    }

    private RepliesTest simple(int error, int cookie) {
        in.writeInt(Nbd.SIMPLE_REPLY_MAGIC).writeInt(error).writeLong(cookie);
        return this;
    }

    private RepliesTest chunk(boolean done, int type, long cookie, int length) {
        in.writeInt(Nbd.STRUCTURED_REPLY_MAGIC).writeShort(done ? 1 : 0).writeShort(type);
        in.writeLong(cookie).writeInt(length);
        return this;
    }

    private RepliesTest data(boolean done, long at, int from, int bytes) {
        chunk(done, Nbd.REPLY_TYPE_OFFSET_DATA, READ_COOKIE, 8 + bytes);
        in.writeLong(at).writeBytes(pattern(), from, bytes);
        return this;
    }

    private RepliesTest hole(boolean done, long at, int bytes) {
        chunk(done, Nbd.REPLY_TYPE_OFFSET_HOLE, READ_COOKIE, 12);
        in.writeLong(at).writeInt(bytes);
        return this;
    }

    private static byte[] pattern() {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) (i * 7 + 1);
        }
        return bytes;
    }

    private void shouldFail(boolean structured, String message) {
        assertThatThrownBy(() -> replies(structured).consume(in))
                .isInstanceOf(ServerFault.class)
                .hasMessageContaining(message);
        assertThat(answered).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 16, 17, 500, 10_000})
    void shouldTakeSimpleRepliesInAnyPieces(int piece) throws Exception {
        simple(0, WRITE_COOKIE).simple(0, READ_COOKIE).in.writeBytes(pattern());
        Replies replies = replies(false);
        while (in.isReadable()) {
            replies.consume(in.readSlice(Math.min(piece, in.readableBytes())));
        }
        assertThat(answered).containsExactly(write, read);
        assertThat(memory).isEqualTo(pattern());
        assertThat(read.errno()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 20, 21, 500, 10_000})
    void shouldTakeChunksInAnyOrderAndPieces(int piece) throws Exception {
        Arrays.fill(memory, (byte) 0xee);
        data(false, OFFSET + 900, 900, 100).hole(false, OFFSET + 400, 500);
        chunk(true, Nbd.REPLY_TYPE_NONE, WRITE_COOKIE, 0);
        data(false, OFFSET, 0, 400).chunk(true, Nbd.REPLY_TYPE_NONE, READ_COOKIE, 0);
        Replies replies = replies(true);
        while (in.isReadable()) {
            replies.consume(in.readSlice(Math.min(piece, in.readableBytes())));
        }
        assertThat(answered).containsExactly(write, read);
        byte[] expected = pattern();
        Arrays.fill(expected, 400, 900, (byte) 0);
        assertThat(memory).isEqualTo(expected);
    }

    @Test
    void shouldTakeSimpleRepliesToOtherCommandsAmongStructuredOnes() throws Exception {
        simple(0, WRITE_COOKIE).hole(true, OFFSET, BYTES);
        replies(true).consume(in);
        assertThat(answered).containsExactly(write, read);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "5, 5", "12, 5", "22, 22", "28, 28", "75, 5", "95, 95", "12345, 5", "-1, 5"})
    void shouldTellErrorsByTheirNames(int error, int errno) throws Exception {
        simple(error, WRITE_COOKIE);
        replies(false).consume(in);
        assertThat(write.errno()).isEqualTo(errno);
    }

    @Test
    void shouldFailAReadOfWhichAPartHasFailed() throws Exception {
        data(false, OFFSET, 0, 400);
        chunk(false, Nbd.REPLY_TYPE_ERROR_BIT | 2, READ_COOKIE, 6 + 5 + 8);
        in.writeInt(Errno.ENOSPC)
                .writeShort(5)
                .writeBytes("sorry".getBytes(StandardCharsets.UTF_8))
                .writeLong(OFFSET + 400);
        data(true, OFFSET + 500, 500, 100);
        replies(true).consume(in);
        assertThat(answered).containsExactly(read);
        assertThat(read.errno()).isEqualTo(Errno.ENOSPC);
    }

    @Test
    void shouldNotBlameARequestForAServerThatShutsDown() {
        simple(Nbd.ESHUTDOWN, WRITE_COOKIE);
        shouldFail(false, "shutting down");
    }

    @Test
    void shouldRefuseGarbage() {
        in.writeZero(100);
        shouldFail(true, "magic 0x0");
    }

    @Test
    void shouldRefuseChunksThatWereNotNegotiated() {
        chunk(true, Nbd.REPLY_TYPE_NONE, WRITE_COOKIE, 0);
        shouldFail(false, "magic 0x668e33ef");
    }

    @Test
    void shouldRefuseASimpleReplyToAReadAmongStructuredOnes() {
        simple(0, READ_COOKIE);
        shouldFail(true, "simple reply to a READ");
    }

    @Test
    void shouldRefuseUnknownCookies() {
        simple(0, 33);
        shouldFail(false, "unknown cookie 0x21");
    }

    @Test
    void shouldRefuseASecondAnswer() throws Exception {
        simple(0, WRITE_COOKIE).simple(0, WRITE_COOKIE);
        assertThatThrownBy(() -> replies(false).consume(in)).hasMessageContaining("unknown cookie");
        assertThat(answered).containsExactly(write);
    }

    @ParameterizedTest
    @CsvSource({"4999, 10", "5000, 1001", "5999, 2", "6000, 1", "0, 1", "-1, 1", "-9223372036854775808, 1000"})
    void shouldRefuseDataOutsideTheRead(long at, int bytes) {
        chunk(false, Nbd.REPLY_TYPE_OFFSET_DATA, READ_COOKIE, 8 + bytes).in.writeLong(at);
        shouldFail(true, "of a READ of 1000 bytes");
        in.clear();
        hole(true, at, bytes);
        shouldFail(true, "of a READ of 1000 bytes");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void shouldRefuseHolesOfNoOrHugeSize(int bytes) {
        hole(true, OFFSET, bytes);
        shouldFail(true, "of a READ of 1000 bytes");
    }

    @Test
    void shouldRefuseMoreThanWasAsked() {
        data(false, OFFSET, 0, 900).data(true, OFFSET + 800, 800, 200);
        shouldFail(true, "200 bytes at 800 of a READ");
    }

    @Test
    void shouldRefuseAReadWithoutAllOfItsData() {
        data(true, OFFSET, 0, 999);
        shouldFail(true, "answered in part");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 22, 1",
        "1, 11, 8",
        "1, 22, 100",
        "2, 11, 11",
        "2, 22, 12",
        "5, 11, 4",
        "32769, 11, 5",
        "32769, 11, 5000",
        "32769, 11, -1"
    })
    void shouldRefuseChunksThatMakeNoSense(int type, int cookie, int length) {
        chunk(true, type, cookie, length).in.writeZero(64);
        shouldFail(true, "reply chunk of type");
    }

    @Test
    void shouldRefuseAnEmptyChunkThatEndsNothing() {
        chunk(false, Nbd.REPLY_TYPE_NONE, READ_COOKIE, 0);
        shouldFail(true, "reply chunk of type 0");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "5, 5"})
    void shouldRefuseErrorsThatAreNoneOrLongerThanTheirChunk(int error, int message) {
        chunk(true, Nbd.REPLY_TYPE_ERROR_BIT | 1, READ_COOKIE, 6 + 4)
                .in
                .writeInt(error)
                .writeShort(message);
        shouldFail(true, "error chunk");
    }

    @Test
    void shouldGoOnWhenGuestMemoryIsGone() throws Exception {
        Command lost = read.begin(
                Nbd.CMD_READ,
                0,
                OFFSET,
                BYTES,
                new Payload() {
                    @Override
                    public void read(long position, MemorySegment to, long toOffset, long bytes) {}

                    @Override
                    public void write(long position, MemorySegment from, long fromOffset, long bytes) {
                        throw new InternalError("a fault occurred in an unsafe memory access operation");
                    }
                },
                0,
                null);
        data(true, OFFSET, 0, BYTES).simple(0, WRITE_COOKIE);
        replies(true).consume(in);
        assertThat(answered).containsExactly(lost, write);
        assertThat(lost.errno()).isEqualTo(Errno.EFAULT);
    }
}
