package dev.ringside.blk;

import dev.ringside.app.ByteSize;
import dev.ringside.app.DeviceOptions;
import dev.ringside.app.InvalidOptions;
import dev.ringside.app.Loops;
import dev.ringside.blk.storage.FileStorage;
import dev.ringside.blk.storage.NullStorage;
import dev.ringside.blk.storage.Storage;
import dev.ringside.blk.storage.nbd.NbdStorage;
import dev.ringside.blk.storage.nbd.NbdUri;
import dev.ringside.channel.SocketServer;
import dev.ringside.device.Feature;
import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.metrics.Metrics;
import dev.ringside.vhostuser.Rehearsal;
import dev.ringside.vhostuser.VhostUserServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of one block device. */
final class BlkOptions extends DeviceOptions {
    private static final String NULL_PREFIX = "null:";
    private static final int MAX_NBD_RECONNECT = 86_400;

    /** How writes reach the disk. */
    enum Cache {
        /** Through the page cache; durable when the guest flushes. */
        writeback,
        /** Through the page cache; each write is durable before it is reported. */
        writethrough,
        /** Past the page cache (O_DIRECT); durable when the guest flushes. */
        none
    }

    @Option(
            names = "--blk-file",
            paramLabel = "FILE",
            description = "The disk: an image in raw format, a block device of the host, an export of an NBD server"
                    + " (nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH), or null:SIZE, which forgets"
                    + " what is written.")
    private @Nullable String blkFile;

    @Option(
            names = "--read-only",
            arity = "0..1",
            paramLabel = "on|off",
            fallbackValue = "on",
            description = "Offer the disk for reading only, and open it so.")
    private boolean readOnly;

    @Option(
            names = "--cache",
            paramLabel = "MODE",
            defaultValue = "writeback",
            description = "writeback: through the page cache, durable when the guest flushes. writethrough: durable"
                    + " before a write is reported. none: past the page cache, durable when the guest flushes."
                    + " Default: ${DEFAULT-VALUE}.")
    private Cache cache = Cache.writeback;

    @Option(
            names = "--block-size",
            paramLabel = "BYTES",
            defaultValue = "512",
            description =
                    "The logical block size that the guest sees: 512 or 4096 (default: ${DEFAULT-VALUE}). SeaBIOS boots"
                            + " from disks of 512 only.")
    private int blockSize;

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

    @Option(
            names = "--nbd-reconnect",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long requests wait for an NBD server that has gone before they fail; it is looked for"
                    + " ever after as well (default: ${DEFAULT-VALUE}).")
    private int nbdReconnect;

    @Option(
            names = "--incoming",
            arity = "0..1",
            paramLabel = "on|off",
            fallbackValue = "on",
            description =
                    "A guest is going to migrate here: start although another process has the disk in use, and claim"
                            + " it only when a driver begins to use it (default: ${DEFAULT-VALUE}).")
    private boolean incoming;

    private @Nullable Storage storage;
    private @Nullable BlockDevice device;

    @Override
    protected void check() throws InvalidOptions {
        super.check();
        if (blkFile == null || blkFile.isEmpty()) {
            throw new InvalidOptions("--blk-file is needed");
        }
        if (blockSize != 512 && blockSize != 4096) {
            throw new InvalidOptions("--block-size must be 512 or 4096, not " + blockSize);
        }
        if (numQueues < 1 || numQueues > BlockDevice.MAX_QUEUES) {
            throw new InvalidOptions("--num-queues must be 1 to " + BlockDevice.MAX_QUEUES + ", not " + numQueues);
        }
        if (serial != null && serial.getBytes(StandardCharsets.UTF_8).length > BlockDevice.SERIAL_BYTES) {
            throw new InvalidOptions("--serial is longer than " + BlockDevice.SERIAL_BYTES + " bytes: " + serial);
        }
        if (blkFile.startsWith(NULL_PREFIX)) {
            nullSectors(blkFile);
        }
        checkNbd(blkFile);
    }

    private void checkNbd(String value) throws InvalidOptions {
        if (nbdReconnect < 0 || nbdReconnect > MAX_NBD_RECONNECT) {
            throw new InvalidOptions("--nbd-reconnect must be 0 to " + MAX_NBD_RECONNECT + ", not " + nbdReconnect);
        }
        if (NbdUri.isNbd(value)) {
            NbdUri.parse("--blk-file", value);
        }
    }

    private static long nullSectors(String value) throws InvalidOptions {
        long bytes = ByteSize.parse("--blk-file=" + NULL_PREFIX, value.substring(NULL_PREFIX.length()));
        if (bytes < Storage.SECTOR_BYTES) {
            throw new InvalidOptions("--blk-file=" + value + " is smaller than a sector");
        }
        return bytes / Storage.SECTOR_BYTES;
    }

    @Override
    protected SocketServer createServer(Loops loops) throws IOException {
        Storage opened = openStorage(Objects.requireNonNull(blkFile, "checked"), loops.control());
        storage = opened;
        if (opened.sectors() * Storage.SECTOR_BYTES % blockSize != 0) {
            throw new IOException("size of " + opened.name() + " is no multiple of --block-size=" + blockSize);
        }
        BlockDevice made = new BlockDevice(
                opened,
                new BlockDevice.Settings(
                        endpoint(),
                        serial == null ? opened.name() : serial,
                        blockSize,
                        cache != Cache.writethrough,
                        numQueues),
                loops.metrics());
        device = made;
        SizeWatch.start(made, loops.control());
        return new VhostUserServer(made, loops.control(), loops.forNextDevice());
    }

    private Storage openStorage(String file, DeviceLoop control) throws IOException {
        try {
            if (file.startsWith(NULL_PREFIX)) {
                return new NullStorage(nullSectors(file), readOnly);
            }
            if (NbdUri.isNbd(file)) {
                return NbdStorage.open(NbdUri.parse("--blk-file", file), readOnly, blockSize, nbdReconnect, control);
            }
        } catch (InvalidOptions e) {
            throw new IOException(e.getMessage(), e);
        }
        boolean direct = cache == Cache.none;
        return incoming
                ? FileStorage.openUnclaimed(Path.of(file), readOnly, direct)
                : FileStorage.open(Path.of(file), readOnly, direct);
    }

    /** By the session that is handed over the disk's lock is given up, and taken again if it has to go on. */
    @Override
    protected List<Fd> shareWithAnother() {
        return List.of();
    }

    /** Claims the disk when the other process has given it up, as after a migration. */
    @Override
    protected SocketServer createServerBesideAnother(Loops loops, List<Fd> shared) throws IOException {
        shared.forEach(Fd::close);
        incoming = true;
        return createServer(loops);
    }

    /** A disk of one sector, which is read and written through the page cache. */
    @Override
    protected Rehearsal createRehearsal(Loops loops) throws IOException {
        String name = "rehearsal";
        Storage sector;
        try (Fd file = MemFd.create(name, Storage.SECTOR_BYTES)) {
            sector = FileStorage.openUnclaimed(Path.of("/proc/self/fd/" + file.value()), false, false);
        }
        BlockDevice nobodys = new BlockDevice(
                sector, new BlockDevice.Settings(name, name, Storage.SECTOR_BYTES, true, 2), Metrics.NONE);
        byte[] write = new byte[BlockQueue.HEADER_BYTES + Storage.SECTOR_BYTES];
        write[0] = BlockQueue.T_OUT;
        return new Rehearsal(
                new VhostUserServer(nobodys, loops.control(), loops.forNextDevice()),
                Feature.VERSION_1 | Feature.RING_EVENT_IDX,
                true,
                List.of(
                        new Rehearsal.Request(new byte[BlockQueue.HEADER_BYTES], Storage.SECTOR_BYTES + 1),
                        new Rehearsal.Request(write, 1)),
                sector::close);
    }

    @Override
    protected String summary() {
        return device == null ? "" : device.summary();
    }

    @Override
    protected void reload() {
        if (device != null) {
            device.refreshSize();
        }
    }

    @Override
    protected void release() {
        if (storage != null) {
            storage.close();
        }
    }
}
