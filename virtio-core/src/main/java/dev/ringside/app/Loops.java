package dev.ringside.app;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;

/**
 * What the devices of a program share: one thread for connections and control messages, those that serve queues, and
 * the place where counts are announced.
 */
public final class Loops implements AutoCloseable {
    private final Metrics metrics;
    private final DeviceLoop control;
    private final List<DeviceLoop> serving = new ArrayList<>();
    private int next;

    Loops(Engine engine, int threads, long pollNanos, Metrics metrics) {
        this.metrics = metrics;
        control = DeviceLoop.start("control", engine);
        for (int i = 0; i < threads; i++) {
            serving.add(DeviceLoop.start("device-" + i, engine, pollNanos));
        }
    }

    /** Where connections are made and control messages handled. */
    public DeviceLoop control() {
        return control;
    }

    /** Where devices announce what they count. */
    public Metrics metrics() {
        return metrics;
    }

    /**
     * All loops that serve queues, for one more device: in another order for each, so that devices with one queue do
     * not all end up on the first.
     */
    public List<DeviceLoop> forNextDevice() {
        List<DeviceLoop> rotated = new ArrayList<>();
        for (int i = 0; i < serving.size(); i++) {
            rotated.add(serving.get((next + i) % serving.size()));
        }
        next++;
        return rotated;
    }

    @Override
    public void close() {
        serving.forEach(DeviceLoop::close);
        control.close();
    }
}
