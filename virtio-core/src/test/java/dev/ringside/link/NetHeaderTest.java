package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class NetHeaderTest {
    @Test
    void shouldReadWhatItWrites() {
        NetHeader header = new NetHeader();
        header.setCsum(34, 16);
        header.setGso(NetHeader.GSO_TCPV4 | NetHeader.GSO_ECN, 1448, 66);
        MemorySegment memory = Arena.ofAuto().allocate(16);
        header.write(memory, 1, 3);
        NetHeader read = new NetHeader();
        read.read(memory, 1);
        assertThat(read.first()).isEqualTo(header.first());
        assertThat(read.csumOffset()).isEqualTo(16);
        assertThat(memory.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 11)).isEqualTo((byte) 3);
    }

    @Test
    void shouldSayWhatAFrameNeeds() {
        NetHeader header = new NetHeader();
        assertThat(header.needs()).isEqualTo(Offload.NONE);
        header.setCsum(34, 16);
        assertThat(header.needs()).isEqualTo(Offload.CSUM);
        header.setGso(NetHeader.GSO_TCPV6 | NetHeader.GSO_ECN, 1000, 74);
        assertThat(header.needs()).isEqualTo(Offload.CSUM | Offload.TSO6 | Offload.ECN);
        header.setGso(NetHeader.GSO_UDP_L4, 1000, 74);
        assertThat(header.needs()).isEqualTo(Offload.CSUM | Offload.USO);
    }

    @Test
    void shouldTakeOutFlagsThatMeanNothingFromASender() {
        NetHeader header = new NetHeader();
        header.set(0x8765_4321_0fed_00feL, 0);
        assertThat(header.fault(60)).isNull();
        assertThat(header.first()).isEqualTo(0x8765_4321_0fed_0000L);
        assertThat(header.csumStart()).isEqualTo(0x8765);
    }

    @Test
    void shouldKeepTheOtherFieldsWhenSomeAreSet() {
        NetHeader header = new NetHeader();
        header.set(-1, 0);
        header.setCsum(0x1234, 0xffff);
        assertThat(header.first()).isEqualTo(0x1234_ffff_ffff_ff01L);
        header.setGso(NetHeader.GSO_UDP_L4, 0, 0);
        assertThat(header.first()).isEqualTo(0x1234_0000_0000_0501L);
        header.setGso(NetHeader.GSO_TCPV4, 0xffff, 0xfffe);
        header.setDataValid();
        assertThat(header.first()).isEqualTo(0x1234_ffff_fffe_0102L);
    }

    @Test
    void shouldAcceptAChecksumInTheLastTwoBytes() {
        NetHeader header = new NetHeader();
        header.setCsum(50, 8);
        assertThat(header.fault(60)).isNull();
        assertThat(header.fault(59)).contains("csum_start 50");
    }
}
