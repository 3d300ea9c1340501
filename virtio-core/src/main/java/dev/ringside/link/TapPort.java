package dev.ringside.link;

import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Tap;
import dev.ringside.linux.VectorIo;
import dev.ringside.loop.DeviceLoop;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queues of a TAP. A queue takes part in the interface only while its receive lane is open: the kernel spreads
 * frames over those that do, and a guest need not use all.
 */
final class TapPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(TapPort.class);

    private final String name;
    private final List<Tap> queues;
    private final Counters counters = new Counters();
    private volatile boolean up = true;
    private volatile Runnable listener = () -> {};

    TapPort(String name, List<Tap> queues) {
        this.name = name;
        this.queues = queues;
        VectorIo.link();
    }

    /** Takes all queues out until their lanes are opened: a new queue takes part at once. */
    void detachAll() {
        queues.forEach(this::detach);
    }

    @Override
    public TxLane openTx(int pair, DeviceLoop loop, @Nullable Runnable roomAgain) {
        return new TapTxLane(this, queues.get(pair).fd());
    }

    @Override
    public RxLane openRx(int pair, DeviceLoop loop, int accepts, RxBuffers buffers) {
        Tap queue = queues.get(pair);
        if (queue.isMultiQueue()) {
            try {
                queue.attach();
            } catch (LinuxException e) {
                LOG.warn("{}: queue {} receives nothing, {}", name, pair, e.getMessage());
            }
        }
        if (!setOffloads(queue, accepts)) {
            LOG.warn("{}: the kernel refuses offloads {}", name, Integer.toHexString(accepts));
        }
        return new TapRxLane(this, queue, loop, buffers);
    }

    private static boolean setOffloads(Tap queue, int accepts) {
        int wanted = 0;
        if ((accepts & Offload.CSUM) != 0) {
            wanted = Tap.F_CSUM
                    | flag(accepts, Offload.TSO4, Tap.F_TSO4)
                    | flag(accepts, Offload.TSO6, Tap.F_TSO6)
                    | flag(accepts, Offload.ECN, Tap.F_TSO_ECN)
                    | flag(accepts, Offload.UFO, Tap.F_UFO);
        }
        int uso = wanted == 0 ? 0 : flag(accepts, Offload.USO, Tap.F_USO4 | Tap.F_USO6);
        // Linux before 6.2 knows no USO, and then cuts by itself.
        return queue.offload(wanted | uso) || queue.offload(wanted);
    }

    private static int flag(int accepts, int offload, int flag) {
        return (accepts & offload) != 0 ? flag : 0;
    }

    /** Of a queue whose receive lane has been closed. */
    void detach(Tap queue) {
        if (queue.isMultiQueue() && up) {
            try {
                queue.detach();
            } catch (LinuxException e) {
                LOG.debug("{}: {}", name, e.getMessage());
            }
        }
    }

    /** The interface has been deleted, and no frame will ever pass again. */
    void gone() {
        synchronized (this) {
            if (!up) {
                return;
            }
            up = false;
        }
        LOG.warn("{}: the interface has been deleted", name);
        listener.run();
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
        return counters;
    }

    @Override
    public List<Fd> share() throws LinuxException {
        List<Fd> shared = new ArrayList<>();
        try {
            for (Tap queue : queues) {
                shared.add(queue.fd().duplicate());
            }
        } catch (LinuxException e) {
            shared.forEach(Fd::close);
            throw e;
        }
        return shared;
    }

    @Override
    public void close() {
        queues.forEach(Tap::close);
    }
}
