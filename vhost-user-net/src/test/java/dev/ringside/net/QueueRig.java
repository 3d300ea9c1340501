package dev.ringside.net;

import dev.ringside.device.Feature;
import dev.ringside.device.RunningQueue;
import dev.ringside.fault.FaultLog;
import dev.ringside.link.MacAddress;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.queue.RingFeatures;
import dev.ringside.queue.SplitVirtqueue;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** One queue of a network device at work between a driver and a link that tests are in command of. */
final class QueueRig implements AutoCloseable {
    static final int RX = 0;
    static final int TX = 1;
    static final int CONTROL = 2;

    final FakePort port = new FakePort();
    final DriverRing driver;
    final DeviceLoop loop = DeviceLoop.start("test", Engine.best());
    final NetDevice device;
    final NetConfig config = new NetConfig(MacAddress.parse("52:54:00:00:00:01"), 1, 1500, 1000);
    private final RunningQueue queue;

    QueueRig(int index, long features) throws Exception {
        this(index, features, DriverRing.SIZE);
    }

    private QueueRig(int index, long features, int size) throws Exception {
        driver = new DriverRing(size);
        device = new NetDevice("net", "net", port, config, 1, Metrics.NONE);
        queue = onLoop(() -> {
            SplitVirtqueue ring =
                    new SplitVirtqueue(size, 0, driver.address(), new RingFeatures(true, false), driver.guest);
            RunningQueue made = new RunningQueue(
                    loop, index, device, features, ring, new FaultLog(LoggerFactory.getLogger(QueueRig.class)));
            made.call(driver.call);
            made.attachKick(driver.kick);
            return made;
        });
    }

    static QueueRig modern(int index, long features) throws Exception {
        return new QueueRig(index, features | Feature.VERSION_1);
    }

    /** One whose ring is as large as drivers make them. */
    static QueueRig large(int index, long features) throws Exception {
        return new QueueRig(index, features | Feature.VERSION_1, DriverRing.MAX_SIZE);
    }

    RunningQueue queue() {
        return queue;
    }

    <T> T onLoop(Callable<T> task) throws Exception {
        return loop.call(task).get(10, TimeUnit.SECONDS);
    }

    /** Stops the queue as GET_VRING_BASE does. */
    int stop() throws Exception {
        return loop.call(queue::stop).thenCompose(base -> base).get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        loop.close();
        driver.close();
    }
}
