package dev.ringside.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Little-endian, unsigned, and at any alignment where that is promised. */
class GuestAccessTest {
    private final MemorySegment memory = Arena.ofAuto().allocate(32, 16);

    private byte[] bytes(int from, int count) {
        return memory.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void shouldStoreTheLowestByteFirst() {
        GuestAccess.putU16(memory, 1, 0x1234);
        assertThat(bytes(0, 4)).containsExactly(0, 0x34, 0x12, 0);
        GuestAccess.putU32(memory, 5, 0x8765_4321L);
        assertThat(bytes(5, 4)).containsExactly(0x21, 0x43, 0x65, 0x87);
        GuestAccess.putU64(memory, 11, 0x0807_0605_0403_0201L);
        assertThat(bytes(11, 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        GuestAccess.putU16Release(memory, 20, 0xfedc);
        assertThat(bytes(20, 2)).containsExactly(0xdc, 0xfe);
    }

    @Test
    void shouldLoadUnsignedValues() {
        memory.fill((byte) 0xff);
        assertThat(GuestAccess.u16(memory, 3)).isEqualTo(0xffff);
        assertThat(GuestAccess.u16Acquire(memory, 4)).isEqualTo(0xffff);
        assertThat(GuestAccess.u32(memory, 5)).isEqualTo(0xffff_ffffL);
        assertThat(GuestAccess.u64(memory, 7)).isEqualTo(-1);
        assertThat(GuestAccess.u64Acquire(memory, 8)).isEqualTo(-1);
    }

    @Test
    void shouldStoreNoMoreThanTheField() {
        GuestAccess.putU16(memory, 0, 0x12345);
        GuestAccess.putU32(memory, 4, 0x1_2345_6789L);
        GuestAccess.putU16Release(memory, 8, 0x12345);
        assertThat(GuestAccess.u16(memory, 0)).isEqualTo(0x2345);
        assertThat(GuestAccess.u16(memory, 2)).isZero();
        assertThat(GuestAccess.u64(memory, 4)).isEqualTo(0x2345_2345_6789L);
    }

    @Test
    void shouldRefuseAnOrderedAccessThatIsMisaligned() {
        assertThatThrownBy(() -> GuestAccess.u16Acquire(memory, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GuestAccess.putU16Release(memory, 3, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GuestAccess.u64Acquire(memory, 4)).isInstanceOf(IllegalArgumentException.class);
    }
}
