package dev.ringside.blk.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.Errno;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class UnflushedTest {
    private static final int MIB = 1 << 20;

    private final Unflushed unflushed = new Unflushed();
    private int woken;

    private ByteBuf write(long offset, int bytes) {
        ByteBuf data = Unpooled.buffer(bytes).writeZero(bytes);
        assertThat(unflushed.reserve(Unflushed.costOf(bytes), () -> woken++)).isTrue();
        unflushed.keep(Nbd.CMD_WRITE, 0, offset, bytes, data);
        return data;
    }

    @Test
    void shouldKeepWritesInTheirOrderUntilAFlushCoversThem() {
        ByteBuf first = write(100, 10);
        write(50, 10);
        long ticket = unflushed.ticket();
        write(100, 5);
        assertThat(unflushed.all()).extracting(Unflushed.Write::offset).containsExactly(100L, 50L, 100L);
        unflushed.flushed(ticket);
        assertThat(unflushed.all()).extracting(Unflushed.Write::bytes).containsExactly(5);
        assertThat(first.refCnt()).isZero();
        unflushed.flushed(unflushed.ticket());
        assertThat(unflushed.isEmpty()).isTrue();
    }

    @Test
    void shouldAskForOneFlushWhenHalfFull() {
        for (int i = 0; i < 15; i++) {
            write(0, MIB);
            assertThat(unflushed.beginFlush()).isFalse();
        }
        write(0, MIB);
        assertThat(unflushed.beginFlush()).isTrue();
        assertThat(unflushed.beginFlush()).isFalse();
        unflushed.endFlush();
        assertThat(unflushed.beginFlush()).isTrue();
        unflushed.flushed(unflushed.ticket());
        unflushed.endFlush();
        assertThat(unflushed.beginFlush()).isFalse();
    }

    @Test
    void shouldHoldWritesBackWhenFullAndWakeThemOnce() {
        for (int i = 0; i < 31; i++) {
            write(0, MIB);
        }
        assertThat(unflushed.reserve(Unflushed.costOf(MIB), () -> woken++)).isFalse();
        unflushed.flushed(1);
        assertThat(woken).isEqualTo(1);
        unflushed.flushed(unflushed.ticket());
        assertThat(woken).isEqualTo(1);
        assertThat(unflushed.reserve(Unflushed.costOf(MIB), () -> woken++)).isTrue();
    }

    @Test
    void shouldCountReservationsAndGiveThemBack() {
        int all = (int) Unflushed.LIMIT_BYTES;
        assertThat(unflushed.reserve(all, () -> woken++)).isTrue();
        assertThat(unflushed.reserve(1, () -> woken++)).isFalse();
        unflushed.release(all);
        assertThat(woken).isEqualTo(1);
        assertThat(unflushed.reserve(all, () -> woken++)).isTrue();
    }

    @Test
    void shouldReportAFailedFlushOnce() {
        write(0, 10);
        unflushed.flushFailed(unflushed.ticket(), Errno.ENOSPC);
        assertThat(unflushed.isEmpty()).isTrue();
        assertThat(unflushed.takeError()).isEqualTo(Errno.ENOSPC);
        assertThat(unflushed.takeError()).isZero();
    }

    @Test
    void shouldSeeOverlaps() {
        write(100, 10);
        write(109, 1);
        write(110, 5);
        write(0, 100);
        Unflushed.Write first = unflushed.all().get(0);
        assertThat(unflushed.all().stream().map(first::overlaps)).containsExactly(true, true, false, false);
    }
}
