package dev.ringside.net;

import dev.ringside.link.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The config space, struct virtio_net_config (virtio 1.2 §5.1.4). Thread-safe. */
final class NetConfig {
    private static final int BYTES = 24;
    private static final int MAC = 0;
    private static final int STATUS = 6;
    private static final int MAX_VIRTQUEUE_PAIRS = 8;
    private static final int MTU = 10;
    private static final int SPEED = 12;
    private static final int DUPLEX = 16;

    private static final int S_LINK_UP = 1;
    private static final int S_ANNOUNCE = 2;
    private static final byte FULL_DUPLEX = 1;

    private final MacAddress permanent;
    private byte[] mac;
    private final int pairs;
    private final int speed;
    private int mtu;
    private boolean linkUp = true;
    private boolean announce;

    /**
     * @param pairs the most queue pairs
     * @param mtu in bytes
     * @param speed in Mbit/s
     */
    NetConfig(MacAddress mac, int pairs, int mtu, int speed) {
        this.permanent = mac;
        this.mac = mac.bytes();
        this.pairs = pairs;
        this.mtu = mtu;
        this.speed = speed;
    }

    synchronized byte[] bytes() {
        ByteBuffer config = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.put(MAC, mac);
        config.putShort(STATUS, (short) ((linkUp ? S_LINK_UP : 0) | (announce ? S_ANNOUNCE : 0)));
        config.putShort(MAX_VIRTQUEUE_PAIRS, (short) pairs);
        config.putShort(MTU, (short) mtu);
        config.putInt(SPEED, speed);
        config.put(DUPLEX, FULL_DUPLEX);
        return config.array();
    }

    /** The driver has given itself another address, until it is reset. */
    synchronized void mac(byte[] address) {
        mac = address.clone();
    }

    /** What earlier drivers have set is forgotten. */
    synchronized void reset() {
        mac = permanent.bytes();
        announce = false;
    }

    synchronized int mtu() {
        return mtu;
    }

    synchronized void mtu(int bytes) {
        mtu = bytes;
    }

    synchronized void linkUp(boolean up) {
        linkUp = up;
    }

    /** Whether the driver is asked to tell the network where it is (§5.1.6.5.4). */
    synchronized void announce(boolean wanted) {
        announce = wanted;
    }
}
