package dev.ringside.it.support;

import java.io.IOException;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Two stations on one link within one guest: the card under test, {@code near}, and a NIC of another kind, {@code far}, in a
 * network namespace of its own. Nothing is on the link that a test has not put there: no DHCP, no IPv6.
 */
public final class TwoStations {
    public static final String NEAR = "10.1.0.1";
    public static final String FAR = "10.1.0.2";

    private static final Pattern STATISTIC = Pattern.compile("^ +(\\w+): (\\d+)$", Pattern.MULTILINE);

    /** As long as the driver probes, its NIC has not got the name that this looks for. */
    private static final String FIND = """
            find() { for nic in /sys/class/net/*; do
              [ "$(basename "$(readlink "$nic/device/driver")")" = "$1" ] && basename "$nic" && return
            done; return 1; }
            """;

    private static final String UP = """
            until nic=$(find %1$s); do usleep 20000; done
            %2$s ip link set "$nic" down
            %2$s ip link set "$nic" name %3$s
            %2$s ip addr replace %4$s/24 dev %3$s
            %2$s ip link set %3$s up
            """;

    private static final String PREPARE = """
            echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
            echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            modprobe 8021q
            ip netns add far
            ip link set "$(find virtio_net)" netns far
            """;

    private final Guest guest;

    /** @param guest with one NIC of the driver e1000 and one of virtio_net, as it is after its boot */
    public TwoStations(Guest guest) throws IOException, InterruptedException {
        this.guest = guest;
        guest.run(FIND + PREPARE);
        far(FIND + "ip link set lo up\n" + UP.formatted("virtio_net", "", "far", FAR));
        nearUp();
    }

    /** Configures the card after its driver has found it, and waits for its link. */
    public void nearUp() throws IOException, InterruptedException {
        guest.run(FIND + UP.formatted("e1000", "", "near", NEAR));
        awaitCarrier();
    }

    /** Waits for the card's link. */
    public void awaitCarrier() throws IOException, InterruptedException {
        guest.run("until [ \"$(cat /sys/class/net/near/carrier)\" = 1 ]; do usleep 20000; done");
    }

    /** Runs a command at the near station, which is the guest itself. */
    public String near(String command) throws IOException, InterruptedException {
        return guest.run(command);
    }

    /** Runs a command at the far station. */
    public String far(String command) throws IOException, InterruptedException {
        return guest.run("ip netns exec far sh -c '" + command.replace("'", "'\\''") + "'");
    }

    /**
     * Runs iperf3's client at the near station. It has a server of its own: one that serves several resets a client that comes
     * while it still ends with the one before.
     */
    public void iperf(String options, String address) throws IOException, InterruptedException {
        near("""
                ip netns exec far iperf3 -s -1 >/dev/null 2>&1 & server=$!
                until ip netns exec far grep -q ':1451 .* 0A ' /proc/net/tcp /proc/net/tcp6; do usleep 20000; done
                iperf3 %s -c %s || { kill $server; wait; exit 1; }
                wait""".formatted(options, address));
    }

    /** Sends some packets to and fro, as fast as they return. */
    public void ping() throws IOException, InterruptedException {
        near("ping -A -q -c 5 -w 20 " + FAR);
    }

    /**
     * Copies a file over TCP, both ways.
     *
     * @throws AssertionError if it does not arrive as it was
     */
    public void copy(int mebibytes) throws IOException, InterruptedException {
        near("[ \"$(stat -c %%s /tmp/data)\" = %1$d ] || head -c %1$d /dev/urandom >/tmp/data"
                .formatted(mebibytes << 20));
        String sum = near("sha256sum </tmp/data");
        // The sum that the receiver makes comes back on the connection.
        String receive = "nc -l -p 5000 -e sha256sum";
        String send = "until nc %s 5000 </tmp/data; do usleep 20000; done";
        String there = near("ip netns exec far " + receive + " & { " + send.formatted(FAR) + "; } 2>/dev/null");
        String back = near(receive + " & ip netns exec far sh -c '" + send.formatted(NEAR) + "' 2>/dev/null");
        if (!there.equals(sum) || !back.equals(sum)) {
            throw new AssertionError("sent %s, there %s, back %s".formatted(sum, there, back));
        }
    }

    /** What {@code ethtool -S} says of the card. The driver reads the card's counters every two seconds. */
    public Map<String, Long> statistics() throws IOException, InterruptedException {
        return STATISTIC
                .matcher(near("ethtool -S near"))
                .results()
                .collect(Collectors.toMap(found -> found.group(1), TwoStations::value));
    }

    private static long value(MatchResult found) {
        return Long.parseLong(found.group(2));
    }

    /** One of the card's statistics. */
    public long statistic(String name) throws IOException, InterruptedException {
        Long value = statistics().get(name);
        if (value == null) {
            throw new AssertionError("no statistic " + name);
        }
        return value;
    }
}
