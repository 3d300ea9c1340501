package dev.ringside.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.fault.ChainFault;
import dev.ringside.memory.GuestMemory;
import dev.ringside.memory.MemoryRegion;
import dev.ringside.testing.FakeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Positions in a chain, whatever segments its bytes are cut into. */
class DescriptorChainTest {
    private static final long BASE = FakeMemory.GUEST_ADDRESS;
    private static final long REGION = 0x10000;

    /** Two regions that adjoin for the guest and lie far apart for us. */
    private final FakeMemory memory =
            FakeMemory.of(REGION).region(BASE + REGION, FakeMemory.USER_ADDRESS + (1L << 40), REGION);

    private final GuestMemory guest = memory.memory();
    private final DescriptorChain chain = new DescriptorChain(7);

    @AfterEach
    void tearDown() {
        memory.close();
    }

    /** Fills a chain with readable bytes 0, 1, 2... in pieces of these lengths, with gaps between them. */
    private void readableIn(int... lengths) {
        chain.begin(3);
        int value = 0;
        long at = BASE + 100;
        for (int length : lengths) {
            for (int i = 0; i < length; i++) {
                memory.put(at + i, (byte) value++);
            }
            assertThat(chain.append(guest, at, length, false)).isNull();
            at += length + 13;
        }
    }

    private byte[] read(long position, int bytes) {
        byte[] to = new byte[bytes + 2];
        chain.read(position, MemorySegment.ofArray(to), 1, bytes);
        assertThat(to[0]).isZero();
        assertThat(to[bytes + 1]).isZero();
        return Arrays.copyOfRange(to, 1, bytes + 1);
    }

    @Test
    void shouldKnowItsOwnerSlotAndItsHead() {
        chain.begin(0xffff);
        assertThat(chain.slot()).isEqualTo(7);
        assertThat(chain.head()).isEqualTo(0xffff);
    }

    @Test
    void shouldReadAnyRangeOfAnyCut() {
        for (int[] cut : new int[][] {{12}, {1, 11}, {4, 4, 4}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {11, 1}}) {
            readableIn(cut);
            for (int from = 0; from <= 12; from++) {
                for (int bytes = 0; bytes <= 12 - from; bytes++) {
                    byte[] expected = new byte[bytes];
                    for (int i = 0; i < bytes; i++) {
                        expected[i] = (byte) (from + i);
                    }
                    assertThat(read(from, bytes)).containsExactly(expected);
                }
            }
        }
    }

    @Test
    void shouldWriteAnyRangeOfAnyCut() {
        byte[] from = {90, 91, 92, 93, 94, 95, 96};
        for (int start = 0; start <= 7; start++) {
            for (int bytes = 0; bytes <= 7 - start; bytes++) {
                readableIn(5);
                memory.put(BASE + 1000, new byte[7]);
                assertThat(chain.append(guest, BASE + 1000, 2, true)).isNull();
                assertThat(chain.append(guest, BASE + 1002, 1, true)).isNull();
                assertThat(chain.append(guest, BASE + 1003, 4, true)).isNull();

                chain.write(start, MemorySegment.ofArray(from), 7 - bytes, bytes);

                byte[] expected = new byte[7];
                System.arraycopy(from, 7 - bytes, expected, start, bytes);
                assertThat(memory.get(BASE + 1000, 7)).containsExactly(expected);
                assertThat(read(0, 5)).as("the readable part").containsExactly(0, 1, 2, 3, 4);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 16})
    void shouldReadAU64HoweverItIsSplit(int piece) {
        int[] lengths = new int[16 / piece + 1];
        Arrays.fill(lengths, piece);
        readableIn(lengths);
        for (int position = 0; position <= 8; position++) {
            long expected = 0;
            for (int i = 7; i >= 0; i--) {
                expected = expected << 8 | (position + i);
            }
            assertThat(chain.readU64(position)).isEqualTo(expected);
        }
    }

    @Test
    void shouldReadAU64WithAllBits() {
        chain.begin(0);
        memory.put(BASE, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
        chain.append(guest, BASE, 3, false);
        chain.append(guest, BASE + 3, 5, false);
        assertThat(chain.readU64(0)).isEqualTo(-1);
    }

    @Test
    void shouldCutABufferThatStraddlesRegions() {
        chain.begin(0);
        assertThat(chain.append(guest, BASE + REGION - 4, 12, false)).isNull();
        assertThat(chain.readableBytes()).isEqualTo(12);
        for (int i = 0; i < 12; i++) {
            memory.put(BASE + REGION - 4 + i, (byte) (i + 1));
        }
        assertThat(read(0, 12)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        assertThat(chain.readU64(0)).isEqualTo(0x0807060504030201L);
        assertThat(iovec(false, 0, 12, 8)).containsExactly(at(BASE + REGION - 4, 4), at(BASE + REGION, 8));
    }

    @Test
    void shouldBeUnchangedByABufferThatIsNotWhollyInMemory() {
        readableIn(4);
        assertThat(chain.append(guest, BASE + 2 * REGION - 4, 5, false)).isEqualTo(ChainFault.Kind.OUTSIDE_MEMORY);
        assertThat(chain.append(guest, BASE - 1, 5, true)).isEqualTo(ChainFault.Kind.OUTSIDE_MEMORY);
        assertThat(chain.readableBytes()).isEqualTo(4);
        assertThat(chain.writableBytes()).isZero();
        assertThat(iovec(false, 0, 4, 8)).hasSize(1);
    }

    @Test
    void shouldStoreTheLastByte() {
        chain.begin(0);
        chain.append(guest, BASE, 4, false);
        chain.append(guest, BASE + 10, 4, true);
        chain.append(guest, BASE + 20, 2, true);
        chain.writeLast(0xff);
        assertThat(memory.get(BASE + 20, 3)).containsExactly(0, -1, 0);
    }

    /** One struct iovec, by where in the guest it points. */
    private record Iovec(long address, long length) {}

    private Iovec at(long address, long length) {
        MemoryRegion region = guest.atGuestAddress(address);
        return new Iovec(region.memory().address() + address - region.guestAddress(), length);
    }

    private List<Iovec> iovec(boolean writable, long position, long bytes, int room) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment iovec = arena.allocate((room + 1L) * DescriptorChain.IOVEC_BYTES, 8);
            MemorySegment limited = iovec.asSlice(0, (long) room * DescriptorChain.IOVEC_BYTES);
            int count = writable
                    ? chain.writableIovec(position, bytes, limited)
                    : chain.readableIovec(position, bytes, limited);
            List<Iovec> entries = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                entries.add(new Iovec(
                        iovec.get(ValueLayout.JAVA_LONG, i * 16L), iovec.get(ValueLayout.JAVA_LONG, i * 16L + 8)));
            }
            assertThat(iovec.get(ValueLayout.JAVA_LONG, count * 16L))
                    .as("beyond the entries")
                    .isZero();
            return entries;
        }
    }

    @Test
    void shouldDescribeTheReadablePart() {
        readableIn(5, 1, 6);
        assertThat(iovec(false, 0, 12, 3)).containsExactly(at(BASE + 100, 5), at(BASE + 118, 1), at(BASE + 132, 6));
    }

    @Test
    void shouldDescribeARangeThatBeginsAndEndsWithinSegments() {
        readableIn(5, 1, 6);
        assertThat(iovec(false, 3, 4, 3)).containsExactly(at(BASE + 103, 2), at(BASE + 118, 1), at(BASE + 132, 1));
        assertThat(iovec(false, 5, 1, 3)).containsExactly(at(BASE + 118, 1));
        assertThat(iovec(false, 6, 6, 3)).containsExactly(at(BASE + 132, 6));
        assertThat(iovec(false, 11, 1, 3)).containsExactly(at(BASE + 137, 1));
    }

    @Test
    void shouldDescribeTheWritablePartWithoutTheReadable() {
        readableIn(16);
        chain.append(guest, BASE + 1000, 512, true);
        chain.append(guest, BASE + 2000, 1, true);
        assertThat(iovec(true, 0, 512, 4)).containsExactly(at(BASE + 1000, 512));
        assertThat(iovec(true, 511, 2, 4)).containsExactly(at(BASE + 1511, 1), at(BASE + 2000, 1));
    }

    @Test
    void shouldDescribeAsMuchAsThereIsRoomFor() {
        readableIn(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        assertThat(iovec(false, 0, 10, 4))
                .containsExactly(at(BASE + 100, 1), at(BASE + 114, 1), at(BASE + 128, 1), at(BASE + 142, 1));
    }

    @Test
    void shouldForgetItsBuffersWhenItBeginsAgain() {
        readableIn(4, 4);
        chain.append(guest, BASE, 4, true);
        chain.end(true);
        chain.begin(7);
        assertThat(chain.head()).isEqualTo(7);
        assertThat(chain.readableBytes()).isZero();
        assertThat(chain.writableBytes()).isZero();
        assertThat(chain.endsWritable()).isFalse();
        readableIn(2);
        assertThat(read(0, 2)).containsExactly(0, 1);
    }

    @Test
    void shouldForgetManyBuffersWhenTrimmed() {
        for (int i = 0; i < 300; i++) {
            chain.append(guest, BASE + i, 1, true);
        }
        chain.trim();
        assertThat(chain.segments()).isZero();
        assertThat(chain.writableBytes()).isZero();
    }
}
