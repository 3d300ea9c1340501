package dev.ringside.bench.guest;

import java.time.Duration;

/** What a guest by itself is told to do on its network: words of its shell. */
public final class TapLoad {
    /** Gives the NIC its address, and returns when it is good for something. */
    public static final String UP = up(0);

    private TapLoad() {}

    /** The same for one of several guests, counted from 0. */
    public static String up(int guest) {
        return "ip addr add " + Network.guest(guest) + "/24 dev eth0; ip link set eth0 up; until ping -c1 -W1 "
                + Network.host(guest) + "; do :; done >/dev/null 2>&1";
    }

    /** Pings, one at a time. */
    public static String ping(Duration time) {
        return "ping -A -w " + seconds(time) + " " + Network.host(0);
    }

    /**
     * A client of iperf3, for {@link Iperf}.
     *
     * @param bytes of a datagram's payload
     * @param toGuest whether the guest receives
     */
    public static String iperf(boolean datagrams, int bytes, boolean toGuest, Duration time) {
        return "iperf3 --json -c " + Network.host(0) + " -t " + seconds(time) + (toGuest ? " -R" : "")
                + (datagrams ? " -u -b 0 -l " + bytes : "");
    }

    private static long seconds(Duration time) {
        return Math.max(1, time.toSeconds());
    }
}
