package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirtyLogTest {
    private static final long FILE_BYTES = 8192;
    private static final long OFFSET = 64;
    private static final long LOG_BYTES = 512;
    private static final long PAGES = LOG_BYTES * 8;
    private static final long PAGE = DirtyLog.PAGE_BYTES;

    private final Arena arena = Arena.ofConfined();
    private Fd fd;
    private MemorySegment file;
    private DirtyLog log;

    @BeforeEach
    void map() throws Exception {
        fd = MemFd.create("log", FILE_BYTES);
        file = Mmap.shared(fd, 0, FILE_BYTES, arena);
        log = DirtyLog.map(fd, LOG_BYTES, OFFSET);
    }

    @AfterEach
    void unmap() {
        log.close();
        fd.close();
        arena.close();
    }

    /** As the specification reads a log: {@code log[page / 8] & 1 << page % 8}. Bits outside of the log count as -1. */
    private List<Long> marked() {
        List<Long> pages = new ArrayList<>();
        for (long at = 0; at < FILE_BYTES; at++) {
            int bits = file.get(ValueLayout.JAVA_BYTE, at);
            for (int bit = 0; bit < 8; bit++) {
                if ((bits & 1 << bit) != 0) {
                    boolean inside = at >= OFFSET && at < OFFSET + LOG_BYTES;
                    pages.add(inside ? (at - OFFSET) * 8 + bit : -1);
                }
            }
        }
        return pages;
    }

    @Test
    void shouldMarkExactlyThePagesOfARange() {
        log.mark(5 * PAGE + 4095, 1);
        assertThat(marked()).containsExactly(5L);
        log.mark(5 * PAGE + 4095, 2);
        assertThat(marked()).containsExactly(5L, 6L);
        log.mark(9 * PAGE, PAGE);
        assertThat(marked()).containsExactly(5L, 6L, 9L);
    }

    @Test
    void shouldMarkNothingForNothing() {
        log.mark(PAGE, 0);
        assertThat(marked()).isEmpty();
    }

    @Test
    void shouldMarkLongRanges() {
        log.mark(60 * PAGE, 200 * PAGE);
        assertThat(marked()).isEqualTo(LongStream.range(60, 260).boxed().toList());
    }

    @Test
    void shouldMarkRandomRangesAsAPageByPageModelDoes() {
        Random random = new Random(1);
        TreeSet<Long> model = new TreeSet<>();
        for (int i = 0; i < 200; i++) {
            long address = random.nextLong(PAGES * PAGE);
            long bytes = 1 + random.nextLong(20 * PAGE);
            log.mark(address, bytes);
            for (long page = address / PAGE; page <= (address + bytes - 1) / PAGE && page < PAGES; page++) {
                model.add(page);
            }
            assertThat(marked()).isEqualTo(List.copyOf(model));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x1000000, 1",
        "0x0fff000, 0x100000",
        "0x7fffffffffffffff, 1",
        "0x7fffffffffffffff, 4096",
        "-1, 4096",
        "-4096, 0x7fffffff"
    })
    void shouldStayInsideTheLog(long address, long bytes) {
        log.mark(address, bytes);
        assertThat(marked()).doesNotContain(-1L);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "-8, 0", "7, 0", "8, 7", "8, -8", "8, 8192", "8200, 0", "0x7ffffffffffffff8, 8"})
    void shouldRefuseALogThatIsNotInItsFile(long size, long offset) {
        assertThatExceptionOfType(MessageFault.class).isThrownBy(() -> DirtyLog.map(fd, size, offset));
    }

    /** Each is mapped: the address space of the process is for all of its devices. */
    @Test
    void shouldRefuseALogOfMoreThanThereAreAddressesFor() throws Exception {
        try (Fd sparse = MemFd.create("log", 2 * DirtyLog.MAX_BYTES)) {
            DirtyLog.map(sparse, DirtyLog.MAX_BYTES, OFFSET).close();
            assertThatExceptionOfType(MessageFault.class)
                    .isThrownBy(() -> DirtyLog.map(sparse, DirtyLog.MAX_BYTES + Long.BYTES, 0));
        }
    }
}
