package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.Capture;
import dev.ringside.it.support.E1000;
import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Lab;
import dev.ringside.it.support.TwoStations;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a guest does with its card, on each machine that there is a subclass for. At the other end of the link, a stream, is a
 * NIC of QEMU's own, in the same guest; QEMU captures what passes there, so it is an independent witness. One guest serves all
 * tests.
 */
@ExtendWith(Lab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class E1000Guests {
    private static final String NEAR_ADDRESS = "52:54:00:11:22:33";
    private static final String FAR_ADDRESS = "52:54:00:44:55:66";

    private final Guest.Builder machine;

    private Path capture;

    @AutoClose
    private Backend card;

    @AutoClose
    private Guest guest;

    private TwoStations stations;

    E1000Guests(Guest.Builder machine) {
        this.machine = machine;
    }

    @BeforeAll
    void bootGuest(@TempDir Path directory) throws IOException, InterruptedException {
        Path link = directory.resolve("link");
        capture = directory.resolve("capture");
        card = E1000.serve(directory.resolve("card"), "stream:" + link, "--mac=" + NEAR_ADDRESS);
        guest = machine.with(E1000.device("card", card.socket()))
                .with("-netdev", "stream,id=far,server=off,addr.type=unix,addr.path=" + link)
                .with("-device", "virtio-net-pci,netdev=far,host_mtu=16110,mac=" + FAR_ADDRESS)
                .with("-object", "filter-dump,id=capture,netdev=far,file=" + capture)
                .boot(directory);
        stations = new TwoStations(guest);
        stations.far("ip link set far mtu 1500");
    }

    /**
     * Having got all frames of its loopback test, Linux's driver fails it with 14 if looking at them in its memory took it 8
     * ms, as it does when its emulated processor has to wait for one of the host's: it is asked again then.
     */
    @Test
    void passesTheDriversSelfTest() throws Exception {
        String result = "";
        for (int tries = 0; tries < 5 && (tries == 0 || result.matches("(?s).*Loopback test .*\\s14\\n.*")); tries++) {
            result = guest.attempt("ethtool -t near offline").out();
        }
        assertThat(result).contains("PASS");
        assertThat(result.lines().filter(line -> line.matches(".*test .*\\s0"))).hasSize(5);
        stations.awaitCarrier();
        stations.ping();
    }

    @Test
    void carriesStreamsBothWays() throws Exception {
        stations.iperf("-n 32M", TwoStations.FAR);
        stations.iperf("-R -n 32M", TwoStations.FAR);
        stations.copy(16);
    }

    @Test
    void countsWhatPassesOnTheLink() throws Exception {
        int before = startCounting();
        stations.near("ping -A -q -c 100 -w 60 -s 700 " + TwoStations.FAR);
        stations.near("ping -A -q -c 20 -w 60 -s 30 " + TwoStations.FAR);
        stations.far("ip addr replace 224.9.9.9/32 dev far autojoin");
        stations.near("ip route replace 224.0.0.0/4 dev near");
        stations.near("ping -q -c 1 -W 1 224.9.9.9 || true");
        stations.copy(2);

        AtomicReference<Map<String, Long>> read = new AtomicReference<>(Map.of());
        List<Capture.Frame> sent = new ArrayList<>();
        List<Capture.Frame> received = new ArrayList<>();
        // Until both are of the same moment: the driver reads every two seconds, and a late frame may pass.
        Supplier<String> seen = () -> "%d frames sent and %d received are captured, and as many are counted: %s"
                .formatted(sent.size(), received.size(), read.get());
        Await.until(seen, () -> {
            Map<String, Long> counted = stations.statistics();
            List<Capture.Frame> frames = Capture.read(capture, before);
            read.set(counted);
            sent.clear();
            received.clear();
            frames.stream().filter(frame -> frame.source().equals(NEAR_ADDRESS)).forEach(sent::add);
            // The far station's own IGMP is for nobody here.
            frames.stream()
                    .filter(frame -> frame.source().equals(FAR_ADDRESS) && !frame.isMulticast())
                    .forEach(received::add);
            return counted.get("tx_packets") == sent.size() && counted.get("rx_packets") == received.size();
        });
        Map<String, Long> counted = read.get();
        assertThat(counted)
                .containsEntry("tx_bytes", bytes(sent))
                .containsEntry("tx_broadcast", count(sent, true))
                .containsEntry("tx_multicast", count(sent, false))
                .containsEntry("rx_bytes", bytes(received))
                .containsEntry("rx_long_byte_count", bytes(received))
                .containsEntry("rx_broadcast", count(received, true))
                .containsEntry("rx_csum_offload_errors", 0L)
                .containsEntry("rx_errors", 0L)
                .containsEntry("tx_errors", 0L);
        assertThat(counted.get("tx_tcp_seg_good")).isPositive();
        assertThat(counted.get("rx_csum_offload_good")).isPositive();
        assertThat(counted.get("tx_multicast")).isPositive();
    }

    private static long bytes(List<Capture.Frame> frames) {
        return frames.stream().mapToLong(Capture.Frame::wireBytes).sum();
    }

    private static long count(List<Capture.Frame> frames, boolean broadcast) {
        return frames.stream()
                .filter(broadcast ? Capture.Frame::isBroadcast : Capture.Frame::isMulticast)
                .count();
    }

    @Test
    void tagsAndFiltersVlans() throws Exception {
        try {
            for (String offload : List.of("on", "off")) {
                stations.near("ethtool -K near txvlan %1$s rxvlan %1$s".formatted(offload));
                stations.near("ip link add link near name near.7 type vlan id 7 && ip addr add 10.7.0.1/24 dev near.7"
                        + " && ip link set near.7 up");
                stations.far("ip link add link far name far.7 type vlan id 7 && ip addr add 10.7.0.2/24 dev far.7"
                        + " && ip link set far.7 up");
                stations.awaitCarrier();
                stations.near("ping -A -q -c 5 -w 20 10.7.0.2");
                stations.iperf("-n 4M", "10.7.0.2");
                stations.iperf("-R -n 4M", "10.7.0.2");
                stations.near("ip link del near.7");
                stations.far("ip link del far.7");
            }
            stations.ping();
        } finally {
            stations.near("ethtool -K near txvlan on rxvlan on; ip link del near.7 2>/dev/null; true");
            stations.far("ip link del far.7 2>/dev/null; true");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9000, 16110})
    void carriesLongFrames(int mtu) throws Exception {
        try {
            stations.near("ip link set near mtu " + mtu);
            stations.far("ip link set far mtu " + mtu);
            stations.awaitCarrier();
            stations.near("ping -A -q -c 5 -w 20 -s " + (mtu - 28) + " " + TwoStations.FAR);
            stations.copy(4);
        } finally {
            stations.near("ip link set near mtu 1500");
            stations.far("ip link set far mtu 1500");
            stations.awaitCarrier();
        }
    }

    @Test
    void segmentsForTheDriverOrLeavesItTo() throws Exception {
        try {
            stations.near("ethtool -K near tso off");
            stations.ping();
            long before = stations.statistic("tx_tcp_seg_good");
            stations.copy(4);
            assertThat(stations.statistic("tx_tcp_seg_good")).isEqualTo(before);
            stations.near("ethtool -K near tx off sg off rx off");
            stations.awaitCarrier();
            stations.copy(4);
        } finally {
            stations.near("ethtool -K near tx on sg on rx on tso on");
            stations.awaitCarrier();
        }
        long before = stations.statistic("tx_tcp_seg_good");
        stations.copy(4);
        Await.until("segments are counted", () -> stations.statistic("tx_tcp_seg_good") > before);
    }

    @Test
    void receivesWhatItIsToldToAndNothingElse() throws Exception {
        String group = "01:00:5e:01:02:03";
        String ask = "ping -A -q -c 3 -w 1 224.1.2.3";
        String stray = "ping -q -c 4 -i 0.05 -W 1 10.1.0.9 >/dev/null; true";
        stations.near("echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_broadcasts");
        int before = startCounting();
        stations.far("ip route replace 224.0.0.0/4 dev far");
        stations.far("ip neigh replace 10.1.0.9 lladdr 02:00:00:00:00:09 dev far");
        stations.far(stray);
        stations.far(ask + " >/dev/null; true");
        Predicate<Capture.Frame> always = frame -> frame.isFor(NEAR_ADDRESS) || frame.isBroadcast();
        long received = awaitReceived(0, before, always);

        try {
            before = Capture.read(capture, 0).size();
            stations.near("ip addr add 224.1.2.3/32 dev near autojoin");
            stations.far(stray);
            stations.far(ask);
            // The far station's own IGMP is for other groups.
            received = awaitReceived(received, before, always.or(frame -> frame.isFor(group)));

            before = Capture.read(capture, 0).size();
            stations.near("ip link set near promisc on");
            stations.far(stray);
            awaitReceived(received, before, frame -> true);
        } finally {
            stations.near("ip link set near promisc off; ip addr del 224.1.2.3/32 dev near");
        }
    }

    /**
     * A driver begins with counters of 0; returns how many frames the capture has. The far station asks after its neighbour
     * some seconds after an exchange, of itself: what it sends as long as no card listens is captured and never counted, so
     * its NIC is down meanwhile.
     */
    private int startCounting() throws IOException, InterruptedException {
        stations.far("ip link set far down");
        guest.run("rmmod e1000");
        int before = Capture.read(capture, 0).size();
        guest.run("modprobe e1000");
        stations.nearUp();
        stations.far("ip link set far up");
        return before;
    }

    /**
     * After some more frames that it does receive, the card has counted these frames of the other station and no others;
     * returns how many there are in all.
     */
    private long awaitReceived(long earlier, int before, Predicate<Capture.Frame> wanted) throws Exception {
        stations.ping();
        Callable<Long> expected = () -> earlier
                + Capture.read(capture, before).stream()
                        .filter(frame -> frame.source().equals(FAR_ADDRESS) && wanted.test(frame))
                        .count();
        Await.until(
                "the wanted frames are counted, and no others",
                () -> stations.statistic("rx_packets") == expected.call());
        return expected.call();
    }

    /** Linux sets the rate with a parameter: its {@code ethtool -C} does not know this card. */
    @Test
    void holdsInterruptsBackAsFarAsItIsTold() throws Exception {
        assertThat(interruptsOf(100, 0)).isGreaterThanOrEqualTo(100);
        long before = hundredths();
        // One at the beginning and one that was on its way, besides one in each interval.
        assertThat(interruptsOf(30, 100)).isLessThanOrEqualTo(hundredths() - before + 2);
        startCounting();
    }

    private long interruptsOf(int pings, int rate) throws Exception {
        guest.run("rmmod e1000 && modprobe e1000 InterruptThrottleRate=" + rate);
        stations.nearUp();
        stations.ping();
        return Long.parseLong(stations.near("""
                count() { awk '/ near$/ {print $2}' /proc/interrupts; }
                before=$(count); ping -A -q -c %d -w 60 %s >/dev/null; echo $(($(count) - before))
                """.formatted(pings, TwoStations.FAR)));
    }

    /** The guest's clock, in hundredths of a second. */
    private long hundredths() throws Exception {
        return Long.parseLong(guest.run("cut -d ' ' -f 1 /proc/uptime | tr -d ."));
    }

    @Test
    void worksAfterAReboot() throws Exception {
        guest.reboot();
        stations = new TwoStations(guest);
        stations.far("ip link set far mtu 1500");
        stations.copy(4);
    }

    @Test
    void comesBackWhenItsDriverDoes() throws Exception {
        String slot = stations.near("basename \"$(readlink /sys/class/net/near/device)\"");
        for (int i = 0; i < 2; i++) {
            String driver = "/sys/bus/pci/drivers/e1000/";
            stations.near("echo %1$s >%2$sunbind && echo %1$s >%2$sbind".formatted(slot, driver));
            stations.nearUp();
            stations.ping();
        }
    }
}
