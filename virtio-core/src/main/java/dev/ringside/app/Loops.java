package dev.ringside.app;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import java.util.ArrayList;
import java.util.List;

/** The threads of a program: one for connections and control messages, and those that serve queues. */
public final class Loops implements AutoCloseable {
    private final DeviceLoop control;
    private final List<DeviceLoop> serving = new ArrayList<>();
    private int next;

    Loops(Engine engine, int threads) {
        control = DeviceLoop.start("control", engine);
        for (int i = 0; i < threads; i++) {
            serving.add(DeviceLoop.start("device-" + i, engine));
        }
    }

    /** Where connections are made and control messages handled. */
    public DeviceLoop control() {
        return control;
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
