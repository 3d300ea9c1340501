package dev.ringside.blk;

import dev.ringside.app.DeviceOptions;
import dev.ringside.app.InvalidOptions;
import dev.ringside.app.Loops;
import dev.ringside.channel.SocketServer;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of one block device. */
final class BlkOptions extends DeviceOptions {
    @Option(names = "--blk-file", paramLabel = "FILE", description = "The disk image, in raw format.")
    private @Nullable Path blkFile;

    @Option(
            names = "--read-only",
            arity = "0..1",
            paramLabel = "on|off",
            fallbackValue = "on",
            description = "Offer the disk for reading only, and open it so.")
    private boolean readOnly;

    @Option(
            names = "--serial",
            paramLabel = "TEXT",
            description = "What the guest sees as the disk's serial number, at most 20 bytes (default: the file's name,"
                    + " cut).")
    private @Nullable String serial;

    @Option(
            names = "--num-queues",
            paramLabel = "N",
            defaultValue = "64",
            description = "The most queues that a front-end may ask for (default: ${DEFAULT-VALUE}).")
    private int numQueues;

    private @Nullable DiskImage image;

    @Override
    protected void check() throws InvalidOptions {
        super.check();
        if (blkFile == null) {
            throw new InvalidOptions("--blk-file is needed");
        }
        if (numQueues < 1 || numQueues > BlockDevice.MAX_QUEUES) {
            throw new InvalidOptions("--num-queues must be 1 to " + BlockDevice.MAX_QUEUES + ", not " + numQueues);
        }
        if (serial != null && serial.getBytes(StandardCharsets.UTF_8).length > BlockDevice.SERIAL_BYTES) {
            throw new InvalidOptions("--serial is longer than " + BlockDevice.SERIAL_BYTES + " bytes: " + serial);
        }
    }

    @Override
    protected SocketServer createServer(Loops loops) throws IOException {
        Path file = Objects.requireNonNull(blkFile, "checked");
        DiskImage opened = DiskImage.open(file, readOnly);
        image = opened;
        String id = serial == null ? String.valueOf(file.getFileName()) : serial;
        return new VhostUserServer(new BlockDevice(opened, id, numQueues), loops.control(), loops.forNextDevice());
    }

    @Override
    protected void release() {
        if (image != null) {
            image.close();
        }
    }
}
