package dev.ringside.link;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Behind which port of a switch a station was last heard (IEEE 802.1Q §8.8). Of fixed size: a set of a few places for
 * each hash, of which the one not heard from for longest gives way, so that a guest which invents addresses only makes
 * frames be flooded. Thread-safe; looking up takes no lock and allocates nothing.
 */
final class MacTable {
    /** Seconds after which a silent station is forgotten. */
    static final int AGEING_SECONDS = 300;

    private static final int WAYS = 4;
    private static final int SETS = 1024;

    private final AtomicReferenceArray<Station> stations = new AtomicReferenceArray<>(SETS * WAYS);

    /** A station; {@code heard} in seconds of any clock. */
    private static final class Station {
        final long key;
        final SwitchPort port;
        volatile int heard;

        Station(long key, SwitchPort port, int heard) {
            this.key = key;
            this.port = port;
            this.heard = heard;
        }
    }

    /** A station's key: its address within a VLAN. */
    static long key(int vlan, long mac) {
        return ((long) vlan << 48) | mac;
    }

    private static int set(long key) {
        long mixed = key * 0x9e37_79b9_7f4a_7c15L;
        return (int) (mixed >>> 54) * WAYS;
    }

    /** The port behind which a station is, or {@code null} if that is not known. */
    @Nullable
    SwitchPort find(long key, int now) {
        int set = set(key);
        for (int i = set; i < set + WAYS; i++) {
            Station station = stations.getAcquire(i);
            if (station != null && station.key == key) {
                return now - station.heard <= AGEING_SECONDS ? station.port : null;
            }
        }
        return null;
    }

    /** A station has been heard behind a port. */
    void learn(long key, SwitchPort port, int now) {
        int set = set(key);
        for (int i = set; i < set + WAYS; i++) {
            Station station = stations.getAcquire(i);
            if (station != null && station.key == key && station.port == port) {
                if (station.heard != now) {
                    station.heard = now;
                }
                return;
            }
        }
        replace(set, new Station(key, port, now));
    }

    private synchronized void replace(int set, Station heard) {
        int victim = set;
        int oldest = Integer.MIN_VALUE;
        for (int i = set; i < set + WAYS; i++) {
            Station station = stations.get(i);
            if (station == null || station.key == heard.key) {
                victim = i;
                oldest = Integer.MAX_VALUE;
            } else if (heard.heard - station.heard > oldest) {
                victim = i;
                oldest = heard.heard - station.heard;
            }
        }
        // A station that has moved may stand in one place only.
        for (int i = set; i < set + WAYS; i++) {
            Station station = stations.get(i);
            if (station != null && station.key == heard.key) {
                stations.set(i, null);
            }
        }
        stations.setRelease(victim, heard);
    }

    /** Forgets every station behind a port that goes. */
    synchronized void forget(SwitchPort port) {
        for (int i = 0; i < stations.length(); i++) {
            Station station = stations.get(i);
            if (station != null && station.port == port) {
                stations.set(i, null);
            }
        }
    }
}
