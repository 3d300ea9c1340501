package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.fault.MessageFault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Regions found by either of their addresses. */
class GuestMemoryTest {
    private static final MemorySegment BYTES = Arena.global().allocate(0x10000);

    private static MemoryRegion region(long guest, long user, long size) {
        return MemoryRegion.of(BYTES.asSlice(0, size), guest, user);
    }

    @Test
    void shouldFindNothingInEmptyMemory() {
        assertThat(GuestMemory.EMPTY.atGuestAddress(0)).isNull();
        assertThat(GuestMemory.EMPTY.atUserAddress(0)).isNull();
    }

    @Test
    void shouldFindARegionFromItsFirstToItsLastByte() throws Exception {
        MemoryRegion region = region(0x5000, 0x9000, 0x1000);
        GuestMemory memory = GuestMemory.of(List.of(region));
        assertThat(memory.atGuestAddress(0x4fff)).isNull();
        assertThat(memory.atGuestAddress(0x5000)).isSameAs(region);
        assertThat(memory.atGuestAddress(0x5fff)).isSameAs(region);
        assertThat(memory.atGuestAddress(0x6000)).isNull();
        assertThat(memory.atUserAddress(0x8fff)).isNull();
        assertThat(memory.atUserAddress(0x9000)).isSameAs(region);
        assertThat(memory.atUserAddress(0x9fff)).isSameAs(region);
        assertThat(memory.atUserAddress(0xa000)).isNull();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 0x8000_0000_0000_0000L, 0xffff_ffff_ffff_f000L})
    void shouldFindNothingAtAddressesThatNoRegionHas(long address) throws Exception {
        GuestMemory memory = GuestMemory.of(List.of(region(0, 0, 0x1000)));
        assertThat(memory.atGuestAddress(address)).isNull();
        assertThat(memory.atUserAddress(address)).isNull();
    }

    @Test
    void shouldFindTheHighestRegionThatThereCanBe() throws Exception {
        long high = Long.MAX_VALUE - 0x1000;
        MemoryRegion region = region(high, high, 0x1000);
        GuestMemory memory = GuestMemory.of(List.of(region));
        assertThat(memory.atGuestAddress(Long.MAX_VALUE - 1)).isSameAs(region);
        assertThat(memory.atGuestAddress(Long.MAX_VALUE)).isNull();
    }

    /** The second region against one at 0x10000 of 0x1000 bytes. */
    @ParameterizedTest
    @CsvSource({
        "0x10000, 0x1000, true",
        "0x0f001, 0x1000, true",
        "0x10fff, 0x1000, true",
        "0x10800, 0x0001, true",
        "0x0f000, 0x3000, true",
        "0x0f000, 0x1000, false",
        "0x11000, 0x1000, false"
    })
    void shouldRefuseRegionsThatOverlapInEitherSpace(String start, String size, boolean overlap) throws Exception {
        long at = Long.decode(start);
        long bytes = Long.decode(size);
        for (boolean guest : new boolean[] {true, false}) {
            List<MemoryRegion> regions = new ArrayList<>();
            regions.add(region(0x10000, 0x10000, 0x1000));
            regions.add(guest ? region(at, 0x8_0000, bytes) : region(0x8_0000, at, bytes));
            for (int turned = 0; turned < 2; turned++) {
                if (overlap) {
                    assertThatThrownBy(() -> GuestMemory.of(regions))
                            .isInstanceOf(MessageFault.class)
                            .hasMessageContaining(guest ? "guest address" : "user address");
                } else {
                    assertThat(GuestMemory.of(regions).regions()).isEqualTo(regions);
                }
                Collections.reverse(regions);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 100, 509})
    void shouldFindWhatALookThroughTheListFinds(int count) throws Exception {
        Random random = new Random(count);
        List<MemoryRegion> regions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // Slots of 64 KiB, in orders that differ between the two spaces; some regions adjoin.
            regions.add(region(i * 0x1_0000L, (count - i) * 0x1_0000L, 0x1000L * (1 + random.nextInt(16))));
        }
        Collections.shuffle(regions, random);
        GuestMemory memory = GuestMemory.of(regions);
        for (int i = 0; i < 5000; i++) {
            long address = random.nextLong((count + 2) * 0x1_0000L) - 0x1_0000L;
            assertThat(memory.atGuestAddress(address)).isSameAs(look(regions, address, true));
            assertThat(memory.atUserAddress(address)).isSameAs(look(regions, address, false));
        }
    }

    private static MemoryRegion look(List<MemoryRegion> regions, long address, boolean guest) {
        for (MemoryRegion region : regions) {
            long start = guest ? region.guestAddress() : region.userAddress();
            if (address >= start && address < start + region.size()) {
                return region;
            }
        }
        return null;
    }
}
