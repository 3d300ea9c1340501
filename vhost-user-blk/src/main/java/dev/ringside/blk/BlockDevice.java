package dev.ringside.blk;

import dev.ringside.blk.storage.Storage;
import dev.ringside.device.Feature;
import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.device.QueueStats;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.FaultLog;
import dev.ringside.fault.MessageFault;
import dev.ringside.metrics.Metrics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A virtio-blk device over a storage. */
public final class BlockDevice implements VirtioDevice {
    /** Length of the device ID string (virtio 1.2 §5.2.6). */
    static final int SERIAL_BYTES = 20;
    /** A driver's vring index travels in 8 bits of a vhost-user message. */
    static final int MAX_QUEUES = 256;

    private static final Logger LOG = LoggerFactory.getLogger(BlockDevice.class);

    /** Of all queues: a driver can start them anew as often as it likes. */
    private final FaultLog faults = new FaultLog(LOG);

    private final Storage storage;
    private final Settings settings;
    private final byte[] serial;
    private final Metrics metrics;
    /** By queue; made when first used. */
    private final @Nullable BlockStats[] stats;

    /** Whether a write may be reported before it is durable; the driver's to choose if it negotiates CONFIG_WCE. */
    private volatile boolean writeback;

    private volatile Runnable configListener = () -> {};

    /**
     * How the device presents itself.
     *
     * @param label tells its counts apart from other devices'
     * @param serial answered to GET_ID; cut to {@value #SERIAL_BYTES} bytes
     * @param blockBytes the logical block size, 512 or 4096
     * @param writeback whether the device has a volatile write cache to begin with
     * @param numQueues the most queues that a driver may use, up to {@value #MAX_QUEUES}
     */
    public record Settings(String label, String serial, int blockBytes, boolean writeback, int numQueues) {}

    /**
     * @param storage what is served; borrowed
     * @param metrics where counts are announced
     */
    public BlockDevice(Storage storage, Settings settings, Metrics metrics) {
        this.metrics = metrics;
        this.stats = new BlockStats[settings.numQueues()];
        this.storage = storage;
        this.settings = settings;
        this.serial = Arrays.copyOf(settings.serial().getBytes(StandardCharsets.UTF_8), SERIAL_BYTES);
        this.writeback = settings.writeback();
    }

    @Override
    public String name() {
        return "vhost-user-blk " + storage.name();
    }

    @Override
    public long features() {
        Storage.Limits limits = storage.limits();
        return BlockFeature.SIZE_MAX
                | BlockFeature.SEG_MAX
                | BlockFeature.BLK_SIZE
                | BlockFeature.FLUSH
                | BlockFeature.TOPOLOGY
                | BlockFeature.CONFIG_WCE
                | BlockFeature.MQ
                | (storage.isReadOnly() ? BlockFeature.RO : 0)
                | (limits.discard() ? BlockFeature.DISCARD : 0)
                | (limits.writeZeroes() ? BlockFeature.WRITE_ZEROES : 0)
                | (limits.secureErase() ? BlockFeature.SECURE_ERASE : 0)
                | (storage.lifetime() != null ? BlockFeature.LIFETIME : 0);
    }

    @Override
    public int maxQueues() {
        return settings.numQueues();
    }

    @Override
    public boolean completesOutOfOrder() {
        return true;
    }

    @Override
    public byte[] config() {
        return BlockConfig.of(storage, settings.blockBytes(), writeback, settings.numQueues());
    }

    @Override
    public void writeConfig(int offset, byte[] bytes, long features) throws MessageFault {
        if (offset != BlockConfig.WRITEBACK || bytes.length != 1 || bytes[0] < 0 || bytes[0] > 1) {
            throw new MessageFault("config space write of " + bytes.length + " bytes at " + offset);
        }
        if (!Feature.has(features, BlockFeature.CONFIG_WCE)) {
            throw new MessageFault("write to writeback without CONFIG_WCE");
        }
        writeback = bytes[0] == 1;
    }

    /** A driver that starts anew finds the cache mode that the device was configured with. */
    @Override
    public void reset() {
        writeback = settings.writeback();
    }

    /** Whether writes must be durable before they are reported, for a driver with these features (§5.2.6.2). */
    boolean writesThrough(long features) {
        return !Feature.has(features, BlockFeature.FLUSH) || !writeback;
    }

    /** Looks whether the storage has grown or shrunk, and tells the driver. From any thread. */
    public void refreshSize() {
        if (storage.refreshSize()) {
            configListener.run();
        }
    }

    /** Whether that may take as long as somebody else likes. */
    boolean mayWaitForOthers() {
        return storage.mayWaitForOthers();
    }

    @Override
    public void claim() throws IOException {
        storage.claim();
    }

    /** On a thread of its own, for others are served meanwhile. */
    @Override
    public CompletableFuture<Void> handOver(boolean elsewhere) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        storage.handOver(elsewhere);
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                work -> Thread.ofPlatform().daemon().name("hand-over").start(work));
    }

    @Override
    public byte[] saveState() {
        return new byte[] {(byte) (writeback ? 1 : 0)};
    }

    @Override
    public void loadState(byte[] state) throws MessageFault {
        if (state.length != 1 || state[0] < 0 || state[0] > 1) {
            throw new MessageFault("state of a block device, " + state.length + " bytes");
        }
        writeback = state[0] == 1;
    }

    @Override
    public QueueHandler start(QueueContext queue, long features) {
        return new BlockQueue(this, storage, serial, queue, features, blockStats(queue.index()));
    }

    @Override
    public QueueStats stats(int index) {
        return blockStats(index).queue;
    }

    private synchronized BlockStats blockStats(int index) {
        BlockStats found = stats[index];
        if (found == null) {
            found = new BlockStats(metrics, Map.of("device", settings.label(), "queue", String.valueOf(index)));
            stats[index] = found;
        }
        return found;
    }

    FaultLog faults() {
        return faults;
    }

    /** One line about all that was done. */
    synchronized String summary() {
        long requests = 0;
        long errors = 0;
        long read = 0;
        long written = 0;
        long kicks = 0;
        long calls = 0;
        for (BlockStats queue : stats) {
            if (queue != null) {
                requests += queue.allRequests();
                errors += queue.allErrors();
                read += queue.readBytes.get();
                written += queue.writtenBytes.get();
                kicks += queue.queue.kicks();
                calls += queue.queue.calls();
            }
        }
        return "%s: %d requests, %d errors, %d bytes read, %d written, %d kicks, %d calls"
                .formatted(name(), requests, errors, read, written, kicks, calls);
    }

    @Override
    public void onConfigChange(Runnable listener) {
        configListener = listener;
    }
}
