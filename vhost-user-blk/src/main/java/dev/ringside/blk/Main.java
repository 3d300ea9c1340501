package dev.ringside.blk;

import dev.ringside.app.BackendCommand;
import dev.ringside.app.ManifestVersion;
import dev.ringside.device.VirtioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The program {@code vhost-user-blk}. */
@Command(
        name = "vhost-user-blk",
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = "Serves a disk image to a virtual machine as a virtio-blk device, over a vhost-user socket.",
        footer = {
            "",
            "Example:",
            "  vhost-user-blk --socket-path=/tmp/disk.sock --blk-file=disk.img",
            "  qemu-system-x86_64 -m 512 -machine memory-backend=mem \\",
            "    -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "    -chardev socket,id=disk,path=/tmp/disk.sock -device vhost-user-blk-pci,chardev=disk ..."
        })
public final class Main extends BackendCommand {
    @Option(names = "--blk-file", paramLabel = "FILE", description = "The disk image, in raw format.")
    private @Nullable Path blkFile;

    @Option(names = "--read-only", description = "Offer the disk for reading only, and open it so.")
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

    private Main() {}

    /** Runs the program. */
    public static void main(String... arguments) {
        main(new Main(), arguments);
    }

    @Override
    protected String capabilities() {
        return """
                {
                  "type": "block",
                  "features": ["read-only", "blk-file"]
                }""";
    }

    @Override
    protected VirtioDevice createDevice() throws IOException {
        Path file = blkFile;
        if (file == null) {
            throw misuse("--blk-file is needed");
        }
        if (numQueues < 1 || numQueues > BlockDevice.MAX_QUEUES) {
            throw misuse("--num-queues must be 1 to " + BlockDevice.MAX_QUEUES + ", not " + numQueues);
        }
        if (serial != null && serial.getBytes(StandardCharsets.UTF_8).length > BlockDevice.SERIAL_BYTES) {
            throw misuse("--serial is longer than " + BlockDevice.SERIAL_BYTES + " bytes: " + serial);
        }
        DiskImage opened = DiskImage.open(file, readOnly);
        image = opened;
        return new BlockDevice(opened, serial == null ? String.valueOf(file.getFileName()) : serial, numQueues);
    }

    @Override
    protected void releaseDevice(VirtioDevice device) {
        if (image != null) {
            image.close();
        }
    }
}
