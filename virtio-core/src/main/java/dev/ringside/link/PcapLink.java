package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Another link, with a copy of all that passes in a file. Frames that the NIC receives are then handed over by {@link
 * RxBuffers#put} only, so that they can be seen.
 */
public final class PcapLink implements Link {
    private final Link link;
    private final PcapFile file;

    /**
     * Begins a capture.
     *
     * @param link taken over
     * @param path overwritten if it exists
     * @throws IOException with a message for the user; {@code link} is closed then
     */
    public PcapLink(Link link, Path path) throws IOException {
        this.link = link;
        try {
            this.file = PcapFile.create(path);
        } catch (IOException e) {
            link.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return link.name();
    }

    @Override
    public Port attach(Nic nic) throws IOException {
        return new CapturedPort(link.attach(nic), file);
    }

    @Override
    public void close() {
        link.close();
        file.close();
    }

    private record CapturedPort(Port port, PcapFile file) implements Port {
        @Override
        public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain) {
            return new CapturedTx(port.openTx(pair, loop, roomAgain), file);
        }

        @Override
        public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
            RxBuffers captured = new CapturedRx(buffers, file);
            return port.openRx(pair, loop, accepts, captured);
        }

        @Override
        public boolean isUp() {
            return port.isUp();
        }

        @Override
        public void onChange(Runnable listener) {
            port.onChange(listener);
        }

        @Override
        public Counters counters() {
            return port.counters();
        }

        @Override
        public void close() {
            port.close();
        }
    }

    private record CapturedTx(TxLane lane, PcapFile file) implements TxLane {
        @Override
        public boolean send(Frame frame) {
            boolean sent = lane.send(frame);
            if (sent) {
                file.add(frame);
            }
            return sent;
        }

        @Override
        public void flush() {
            lane.flush();
        }

        @Override
        public void close(Runnable released) {
            lane.close(released);
        }
    }

    private record CapturedRx(RxBuffers buffers, PcapFile file) implements RxBuffers {
        @Override
        public boolean put(Frame frame) {
            boolean taken = buffers.put(frame);
            if (taken) {
                file.add(frame);
            }
            return taken;
        }

        @Override
        public void endOfBurst() {
            buffers.endOfBurst();
        }
    }
}
