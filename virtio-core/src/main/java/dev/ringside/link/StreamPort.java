package dev.ringside.link;

import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import org.jspecify.annotations.Nullable;

/** A NIC's plug in a stream link. */
final class StreamPort implements Port {
    private final String name;
    private final ReceivingPort receiving;
    private final StreamSender sender = new StreamSender();
    private volatile Runnable listener = () -> {};
    private volatile boolean up;
    private volatile @Nullable StreamReader reader;
    private volatile @Nullable DeviceLoop readerLoop;

    /** Guarded by this. */
    private final StreamPeer peer;
    /** A connection that nobody reads from at the moment; guarded by this. */
    private @Nullable UnixSocket idle;

    /** @param peer taken over */
    StreamPort(String name, int pairs, StreamPeer peer) {
        this.name = name;
        this.receiving = new ReceivingPort(pairs);
        this.peer = peer;
        keep(peer.next());
    }

    String name() {
        return name;
    }

    StreamSender sender() {
        return sender;
    }

    /** A connection without a reader, or a new one, if there is one. */
    synchronized @Nullable UnixSocket nextConnection() {
        UnixSocket connection = idle;
        idle = null;
        if (connection == null) {
            connection = peer.next();
            if (connection != null) {
                use(connection);
            }
        }
        return connection;
    }

    synchronized void keep(@Nullable UnixSocket connection) {
        idle = connection;
        if (connection != null && !up) {
            use(connection);
        }
    }

    private void use(UnixSocket connection) {
        sender.use(connection);
        up = true;
        listener.run();
    }

    /** The connection is over, or its reader cannot go on with it. */
    void connectionLost() {
        sender.use(null);
        up = false;
        listener.run();
    }

    /** Takes a frame that has been read. Returns whether there was room. */
    boolean receive(Frame frame) {
        FrameQueue queue = receiving.queueFor(frame);
        if (queue.isOn(readerLoop)) {
            return queue.offer(frame);
        }
        queue.deliver(frame);
        return true;
    }

    @Override
    public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain) {
        return new StreamTxLane(sender, counters(), loop, roomAgain);
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        RxLane lane = receiving.open(pair, loop, accepts, buffers);
        if (pair == 0) {
            StreamReader made = new StreamReader(this, loop);
            readerLoop = loop;
            reader = made;
            made.start();
        }
        return new Lane(pair, loop, lane);
    }

    /** Lets the reader know when there is room again. */
    private final class Lane implements RxLane {
        private final int pair;
        private final DeviceLoop loop;
        private final RxLane lane;

        Lane(int pair, DeviceLoop loop, RxLane lane) {
            this.pair = pair;
            this.loop = loop;
            this.lane = lane;
        }

        @Override
        public void roomAgain() {
            lane.roomAgain();
            StreamReader reading = reader;
            if (reading != null && loop.equals(readerLoop)) {
                reading.resume();
            }
        }

        @Override
        public void close(Runnable released) {
            StreamReader reading = reader;
            if (pair == 0 && reading != null) {
                reader = null;
                lane.close(() -> reading.close(released));
            } else {
                lane.close(released);
            }
        }
    }

    @Override
    public boolean isUp() {
        return up;
    }

    @Override
    public void onChange(Runnable changed) {
        listener = changed;
    }

    @Override
    public Counters counters() {
        return receiving.counters();
    }

    @Override
    public synchronized void close() {
        sender.use(null);
        peer.close();
        if (idle != null) {
            idle.close();
        }
    }
}
