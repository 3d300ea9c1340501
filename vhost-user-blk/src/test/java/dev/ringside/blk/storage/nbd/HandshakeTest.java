package dev.ringside.blk.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server may say before transmission, and what not. */
class HandshakeTest {
    private static final int FLAGS = Nbd.FLAG_HAS_FLAGS | Nbd.FLAG_SEND_FLUSH;

    private final Handshake handshake = new Handshake("disk");
    private final ByteBuf in = Unpooled.buffer();
    private final ByteBuf out = Unpooled.buffer();

    private void greet() {
        in.writeLong(Nbd.NBDMAGIC).writeLong(Nbd.IHAVEOPT).writeShort(3);
    }

    private void reply(int option, int type, Object... data) {
        ByteBuf bytes = Unpooled.buffer();
        for (Object each : data) {
            switch (each) {
                case Short value -> bytes.writeShort(value);
                case Integer value -> bytes.writeInt(value);
                case Long value -> bytes.writeLong(value);
                default -> bytes.writeCharSequence(each.toString(), StandardCharsets.UTF_8);
            }
        }
        in.writeLong(Nbd.OPTION_REPLY_MAGIC).writeInt(option).writeInt(type);
        in.writeInt(bytes.readableBytes()).writeBytes(bytes);
    }

    private void greetUpToGo() {
        greet();
        reply(Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK);
    }

    private void export(long size, int flags) {
        reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) Nbd.INFO_EXPORT, size, (short) flags);
    }

    private void blocks(int minimum, int preferred, int maximum) {
        reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) Nbd.INFO_BLOCK_SIZE, minimum, preferred, maximum);
    }

    private Export advance() throws ServerFault {
        return handshake.advance(in, out);
    }

    private void shouldFail(String message) {
        assertThatThrownBy(this::advance).isInstanceOf(ServerFault.class).hasMessageContaining(message);
    }

    @Test
    void shouldAskForStructuredRepliesAndTheExport() throws Exception {
        greet();
        assertThat(advance()).isNull();
        assertThat(ByteBufUtil.hexDump(out)).isEqualTo("00000003" + "49484156454f5054" + "00000008" + "00000000");
        out.clear();
        reply(Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK);
        assertThat(advance()).isNull();
        assertThat(ByteBufUtil.hexDump(out))
                .isEqualTo("49484156454f5054" + "00000007" + "0000000c" + "00000004" + "6469736b" + "0001" + "0003");
        export(1 << 20, FLAGS);
        blocks(512, 4096, 1 << 20);
        assertThat(advance()).isNull();
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        assertThat(advance()).isEqualTo(new Export(1 << 20, FLAGS, 512, 4096, 1 << 20, true));
    }

    @Test
    void shouldTakeWhatComesByteByByte() throws Exception {
        greetUpToGo();
        export(4096, FLAGS);
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        ByteBuf slow = Unpooled.buffer();
        Export export = null;
        while (in.isReadable()) {
            assertThat(export).isNull();
            slow.writeByte(in.readByte());
            export = handshake.advance(slow, out);
        }
        assertThat(export).isEqualTo(new Export(4096, FLAGS, 1, 4096, Export.MAX_PAYLOAD, true));
    }

    @Test
    void shouldLeaveTheFirstReplyOfTransmissionAlone() throws Exception {
        greetUpToGo();
        export(4096, FLAGS);
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        in.writeInt(Nbd.SIMPLE_REPLY_MAGIC);
        assertThat(advance()).isNotNull();
        assertThat(in.readableBytes()).isEqualTo(4);
    }

    @Test
    void shouldDoWithoutStructuredRepliesAndUnknownInformation() throws Exception {
        greet();
        reply(Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ERR_UNSUP, "no such thing");
        reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) 77, "whatever");
        export(4096, FLAGS);
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        Export export = advance();
        assertThat(export).isNotNull();
        assertThat(export.structured()).isFalse();
    }

    @Test
    void shouldBoundWhatIsUnlimited() throws Exception {
        greetUpToGo();
        export(4096, FLAGS);
        blocks(1, 1 << 20, -1);
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        assertThat(advance()).isEqualTo(new Export(4096, FLAGS, 1, Export.MAX_BLOCK, Export.MAX_PAYLOAD, true));
    }

    @Test
    void shouldRefuseOtherServers() {
        in.writeCharSequence("SSH-2.0-OpenSSH_9.9p1\r\n", StandardCharsets.US_ASCII);
        shouldFail("no NBD server of the newstyle");
    }

    @Test
    void shouldRefuseTheOldStyle() {
        in.writeLong(Nbd.NBDMAGIC).writeLong(0x420281861253L).writeZero(136);
        shouldFail("no NBD server of the newstyle");
    }

    @Test
    void shouldRefuseTheUnfixedStyle() {
        in.writeLong(Nbd.NBDMAGIC).writeLong(Nbd.IHAVEOPT).writeShort(2);
        shouldFail("fixed newstyle");
    }

    @ParameterizedTest
    @CsvSource({
        "6, the server has no export 'disk' (look: elsewhere)",
        "5, the server wants TLS",
        "2, the server does not let us use export 'disk'",
        "7, the server is shutting down",
        "1, the server does not know OPT_GO",
        "99, the server refuses export 'disk'",
    })
    void shouldSayWhyTheServerRefuses(int error, String message) {
        greetUpToGo();
        reply(Nbd.OPT_GO, Nbd.REP_FLAG_ERROR | error, "look:\nelsewhere");
        shouldFail(message);
    }

    @Test
    void shouldNotProvideMemoryForHugeReplies() {
        greet();
        in.writeLong(Nbd.OPTION_REPLY_MAGIC).writeInt(Nbd.OPT_STRUCTURED_REPLY).writeInt(Nbd.REP_ACK);
        in.writeInt(-1);
        shouldFail("option reply of 4294967295 bytes");
    }

    @Test
    void shouldNotListenForEver() {
        greetUpToGo();
        for (int i = 0; i < 64; i++) {
            reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) 77);
        }
        shouldFail("more than 64 option replies");
    }

    @Test
    void shouldRefuseWrongMagicAndWrongOption() {
        greet();
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        shouldFail("reply to option 7");
        in.clear().writeLong(1).writeLong(0).writeInt(0);
        shouldFail("magic 0x1");
    }

    @Test
    void shouldRefuseAnUnknownAnswerToStructuredReply() {
        greet();
        reply(Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_INFO);
        shouldFail("type 3 to STRUCTURED_REPLY");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 512, 512",
        "3, 512, 512",
        "131072, 131072, 131072",
        "512, 256, 4096",
        "512, 513, 4096",
        "512, 512, 256",
        "512, 512, 700",
        "1, 0, 4096",
        "-1, -1, -1"
    })
    void shouldRefuseBlockSizesThatMakeNoSense(int minimum, int preferred, int maximum) {
        greetUpToGo();
        blocks(minimum, preferred, maximum);
        shouldFail("block sizes");
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "4096, 0"})
    void shouldRefuseSizesAndFlagsThatMakeNoSense(long size, int flags) {
        greetUpToGo();
        export(size, flags);
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        shouldFail("no size and flags");
    }

    @Test
    void shouldWantASize() {
        greetUpToGo();
        reply(Nbd.OPT_GO, Nbd.REP_ACK);
        shouldFail("no size and flags");
    }

    @Test
    void shouldRefuseInformationOfWrongLength() {
        greetUpToGo();
        reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) Nbd.INFO_EXPORT, 0L);
        shouldFail("INFO_EXPORT of 10 bytes");
    }

    @Test
    void shouldRefuseEmptyAndShortInformation() {
        greetUpToGo();
        reply(Nbd.OPT_GO, Nbd.REP_INFO);
        shouldFail("information of 0 bytes");
        reply(Nbd.OPT_GO, Nbd.REP_INFO, (short) Nbd.INFO_BLOCK_SIZE, 1);
        shouldFail("INFO_BLOCK_SIZE of 6 bytes");
    }
}
