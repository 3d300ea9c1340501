package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SoftwareOffloadTest {
    private final SoftwareOffload offload = new SoftwareOffload();
    private final List<byte[]> out = new ArrayList<>();
    private final List<Integer> flags = new ArrayList<>();

    private boolean deliver(Frame frame, int accepts) {
        return offload.deliver(frame, accepts, made -> {
            out.add(Packets.bytes(made));
            flags.add(made.header().flags());
        });
    }

    private static Frame gso(byte[] packet, int type, int size, boolean v4, int protocol, int seed) {
        Frame frame = Packets.frame(packet, new Random(seed));
        int transport = 14 + (v4 ? 20 : 40);
        frame.header().setCsum(transport, protocol == Packets.TCP ? 16 : 6);
        frame.header().setGso(type, size, transport + (protocol == Packets.TCP ? 32 : 8));
        return frame;
    }

    @Test
    void shouldLeaveWhatTheReceiverAccepts() {
        byte[] packet = Packets.packet(true, Packets.TCP, 5000);
        Frame frame = gso(packet, NetHeader.GSO_TCPV4, 1448, true, Packets.TCP, 1);
        assertThat(deliver(frame, Offload.CSUM | Offload.TSO4)).isTrue();
        assertThat(out).hasSize(1);
        assertThat(out.get(0)).isEqualTo(packet);
        assertThat(flags).containsExactly(NetHeader.F_NEEDS_CSUM);
    }

    @ParameterizedTest
    @CsvSource({"true,6", "true,17", "false,6", "false,17"})
    void shouldMakeChecksums(boolean v4, int protocol) {
        for (int seed = 0; seed < 50; seed++) {
            out.clear();
            byte[] packet = Packets.packet(v4, protocol, seed * 37);
            Frame frame = Packets.frame(packet, new Random(seed));
            frame.header().setCsum(14 + (v4 ? 20 : 40), protocol == Packets.TCP ? 16 : 6);
            assertThat(deliver(frame, Offload.NONE)).isTrue();
            assertThat(Packets.isSound(out.get(0), v4, protocol)).isTrue();
            assertThat(flags).containsOnly(0);
        }
    }

    @Test
    void shouldNeverSendUdpWithoutChecksum() {
        byte[] packet = Packets.packet(true, Packets.UDP, 2);
        int transport = 34;
        // Payload that makes the sum all ones, so that its complement would be zero.
        packet[42] = 0;
        packet[43] = 0;
        int sum = Packets.sum(packet, transport, 10, 0);
        packet[42] = (byte) (~sum >>> 8);
        packet[43] = (byte) ~sum;
        Frame frame = Packets.frame(packet, new Random(1));
        frame.header().setCsum(transport, 6);
        assertThat(deliver(frame, Offload.NONE)).isTrue();
        assertThat(Packets.u16(out.get(0), 40)).isEqualTo(0xffff);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCutTcp(boolean v4) throws Exception {
        int type = (v4 ? NetHeader.GSO_TCPV4 : NetHeader.GSO_TCPV6) | NetHeader.GSO_ECN;
        int headers = 14 + (v4 ? 20 : 40) + 32;
        for (int seed = 0; seed < 20; seed++) {
            out.clear();
            byte[] packet = Packets.packet(v4, Packets.TCP, 1 + seed * 1999);
            assertThat(deliver(gso(packet, type, 1431, v4, Packets.TCP, seed), Offload.NONE))
                    .isTrue();
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            for (int i = 0; i < out.size(); i++) {
                byte[] segment = out.get(i);
                boolean last = i == out.size() - 1;
                assertThat(Packets.isSound(segment, v4, Packets.TCP)).isTrue();
                assertThat(segment.length).isLessThanOrEqualTo(headers + 1431);
                assertThat(Packets.u32(segment, headers - 28)).isEqualTo((0xffff_ff00L + 1431L * i) & 0xffff_ffffL);
                assertThat(segment[headers - 19] & 0xff).isEqualTo(0x10 | (i == 0 ? 0x80 : 0) | (last ? 9 : 0));
                if (v4) {
                    assertThat(Packets.u16(segment, 18)).isEqualTo((0xfffe + i) & 0xffff);
                    assertThat(Packets.u16(segment, 16)).isEqualTo(segment.length - 14);
                } else {
                    assertThat(Packets.u16(segment, 18)).isEqualTo(segment.length - 54);
                }
                payload.write(segment, headers, segment.length - headers);
            }
            assertThat(payload.toByteArray()).isEqualTo(Arrays.copyOfRange(packet, headers, packet.length));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCutUdpIntoDatagrams(boolean v4) {
        byte[] packet = Packets.packet(v4, Packets.UDP, 5000);
        assertThat(deliver(gso(packet, NetHeader.GSO_UDP_L4, 1200, v4, Packets.UDP, 3), Offload.CSUM))
                .isTrue();
        assertThat(out).hasSize(5);
        int transport = 14 + (v4 ? 20 : 40);
        assertThat(out)
                .allMatch(datagram -> Packets.isSound(datagram, v4, Packets.UDP)
                        && Packets.u16(datagram, transport + 4) == datagram.length - transport);
        assertThat(flags).containsOnly(NetHeader.F_DATA_VALID);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldFragmentUdp(boolean v4) {
        byte[] packet = Packets.packet(v4, Packets.UDP, 4001);
        assertThat(deliver(gso(packet, NetHeader.GSO_UDP, 1483, v4, Packets.UDP, 4), Offload.NONE))
                .isTrue();
        int ip = v4 ? 34 : 62;
        byte[] whole = Arrays.copyOf(packet, v4 ? 34 : 54);
        for (int i = 0; i < out.size(); i++) {
            byte[] fragment = out.get(i);
            boolean more = i < out.size() - 1;
            int field = v4 ? Packets.u16(fragment, 20) : Packets.u16(fragment, 56);
            int offset = v4 ? (field & 0x1fff) * 8 : field & 0xfff8;
            assertThat(offset).isEqualTo(whole.length - (v4 ? 34 : 54));
            assertThat((field & (v4 ? 0x2000 : 1)) != 0).isEqualTo(more);
            if (v4) {
                assertThat(Packets.sum(fragment, 14, 20, 0)).isEqualTo(0xffff);
            } else {
                assertThat(fragment[20]).isEqualTo((byte) 44);
                assertThat(fragment[54]).isEqualTo((byte) 17);
                assertThat(Packets.u16(fragment, 18)).isEqualTo(fragment.length - 54);
            }
            int before = whole.length;
            whole = Arrays.copyOf(whole, before + fragment.length - ip);
            System.arraycopy(fragment, ip, whole, before, fragment.length - ip);
        }
        assertThat(whole).hasSize(packet.length);
        assertThat(Packets.isSound(whole, v4, Packets.UDP)).isTrue();
    }

    /** Found by the fuzzer: one fragment of the longest of all frames was longer than a frame may be. */
    @Test
    void shouldMakeNoFragmentThatIsLongerThanAFrame() {
        int longest = Frame.MAX_BYTES - 62;
        byte[] packet = Packets.packet(false, Packets.UDP, longest - 7);
        assertThat(deliver(gso(packet, NetHeader.GSO_UDP, 65528, false, Packets.UDP, 1), Offload.NONE))
                .isFalse();
        assertThat(out).isEmpty();
        byte[] shorter = Packets.packet(false, Packets.UDP, longest - 8);
        assertThat(deliver(gso(shorter, NetHeader.GSO_UDP, 65528, false, Packets.UDP, 1), Offload.NONE))
                .isTrue();
        assertThat(out).singleElement().satisfies(made -> assertThat(made).hasSize(Frame.MAX_BYTES));
    }

    @Test
    void shouldRefuseAHeaderOfTheWrongProtocol() {
        byte[] v6 = Packets.packet(false, Packets.TCP, 3000);
        assertThat(deliver(gso(v6, NetHeader.GSO_TCPV4, 1000, false, Packets.TCP, 1), Offload.NONE))
                .isFalse();
        byte[] arp = Packets.packet(true, Packets.TCP, 3000);
        arp[13] = 6;
        assertThat(deliver(gso(arp, NetHeader.GSO_TCPV4, 1000, true, Packets.TCP, 1), Offload.NONE))
                .isFalse();
        assertThat(out).isEmpty();
    }

    @Test
    void shouldRefuseTcpHeadersBeyondTheFrame() {
        byte[] packet = Arrays.copyOf(Packets.packet(true, Packets.TCP, 0), 60);
        Frame frame = gso(packet, NetHeader.GSO_TCPV4, 1000, true, Packets.TCP, 1);
        assertThat(deliver(frame, Offload.NONE)).isFalse();
        byte[] long15 = Packets.packet(true, Packets.TCP, 10);
        long15[46] = (byte) 0xf0;
        assertThat(deliver(gso(long15, NetHeader.GSO_TCPV4, 1000, true, Packets.TCP, 1), Offload.NONE))
                .isFalse();
        assertThat(out).isEmpty();
    }

    @Test
    void shouldRefuseToMakeThousandsOfPiecesOfOneFrame() {
        byte[] packet = Packets.packet(true, Packets.TCP, 60000);
        assertThat(deliver(gso(packet, NetHeader.GSO_TCPV4, 1, true, Packets.TCP, 1), Offload.NONE))
                .isFalse();
        assertThat(deliver(gso(packet, NetHeader.GSO_UDP, 1, true, Packets.TCP, 1), Offload.NONE))
                .isFalse();
        assertThat(out).isEmpty();
    }

    @Test
    void shouldSurviveAnyHeaderAndAnyBytes() {
        Random random = new Random(42);
        int done = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] packet = Packets.packet(
                    random.nextBoolean(), random.nextBoolean() ? Packets.TCP : Packets.UDP, random.nextInt(4000));
            for (int j = random.nextInt(6); j > 0; j--) {
                packet[random.nextInt(Math.min(packet.length, 80))] = (byte) random.nextInt();
            }
            packet = Arrays.copyOf(packet, 14 + random.nextInt(packet.length - 13));
            Frame frame = Packets.frame(packet, random);
            int[] types = {0, 1, 4, 3, 5, 0x81, 0x84};
            int[] starts = {34, 54, random.nextInt(300)};
            int[] offsets = {16, 6, random.nextInt(300)};
            frame.header().setCsum(starts[random.nextInt(3)], offsets[random.nextInt(3)]);
            frame.header().setGso(types[random.nextInt(7)], random.nextInt(2000), random.nextInt(200));
            if (frame.header().fault(packet.length) == null) {
                flags.clear();
                out.clear();
                done += deliver(frame, random.nextInt(Offload.ALL + 1)) ? 1 : 0;
            }
        }
        assertThat(done).isGreaterThan(2000);
    }
}
