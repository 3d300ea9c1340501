package dev.ringside.blk;

import dev.ringside.device.Feature;
import dev.ringside.device.QueueContext;
import dev.ringside.device.QueueHandler;
import dev.ringside.device.VirtioDevice;
import dev.ringside.fault.MessageFault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A virtio-blk device over a disk image. */
final class BlockDevice implements VirtioDevice {
    /** Length of the device ID string (virtio 1.2 §5.2.6). */
    static final int SERIAL_BYTES = 20;
    /** A driver's vring index travels in 8 bits of a vhost-user message. */
    static final int MAX_QUEUES = 256;

    /** struct virtio_blk_config up to the fields of the features that are offered (§5.2.4). */
    private static final int CONFIG_BYTES = 60;

    private static final int CAPACITY = 0;
    private static final int SEG_MAX = 12;
    private static final int BLK_SIZE = 20;
    private static final int NUM_QUEUES = 34;

    /**
     * Data segments in one request. A request also needs two descriptors for header and status, and must fit into a
     * queue of 128, the usual size, when the driver has no indirect descriptors.
     */
    private static final int MAX_SEGMENTS = 126;

    private final DiskImage image;
    private final byte[] serial;
    private final int numQueues;

    /**
     * @param image to be served; borrowed
     * @param serial answered to GET_ID; cut to {@link #SERIAL_BYTES}
     * @param numQueues the most queues that a driver may use, up to {@link #MAX_QUEUES}
     */
    BlockDevice(DiskImage image, String serial, int numQueues) {
        this.image = image;
        this.serial = Arrays.copyOf(serial.getBytes(StandardCharsets.UTF_8), SERIAL_BYTES);
        this.numQueues = numQueues;
    }

    @Override
    public String name() {
        return "vhost-user-blk " + image.path().getFileName();
    }

    @Override
    public long features() {
        return BlockFeature.SEG_MAX
                | BlockFeature.BLK_SIZE
                | BlockFeature.FLUSH
                | BlockFeature.MQ
                | (image.isReadOnly() ? BlockFeature.RO : 0);
    }

    @Override
    public int maxQueues() {
        return numQueues;
    }

    @Override
    public byte[] config() {
        ByteBuffer config = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.putLong(CAPACITY, image.sectors());
        config.putInt(SEG_MAX, MAX_SEGMENTS);
        config.putInt(BLK_SIZE, DiskImage.SECTOR_BYTES);
        config.putShort(NUM_QUEUES, (short) numQueues);
        return config.array();
    }

    @Override
    public void writeConfig(int offset, byte[] bytes, long features) throws MessageFault {
        throw new MessageFault("config space is read-only, write of " + bytes.length + " bytes at " + offset);
    }

    @Override
    public QueueHandler start(QueueContext queue, long features) {
        return new BlockQueue(name(), image, serial, queue, !Feature.has(features, BlockFeature.FLUSH));
    }

    @Override
    public void onConfigChange(Runnable listener) {
        // The config space never changes by itself.
    }
}
