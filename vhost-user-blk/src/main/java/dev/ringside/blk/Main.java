package dev.ringside.blk;

import dev.ringside.app.BackendCommand;
import dev.ringside.app.ManifestVersion;
import picocli.CommandLine.Command;

/** The program {@code vhost-user-blk}. */
@Command(
        name = "vhost-user-blk",
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = "Serves disk images to virtual machines as virtio-blk devices, over vhost-user sockets.",
        footer = {
            "",
            "One disk:",
            "  vhost-user-blk --socket-path=/tmp/disk.sock --blk-file=disk.img",
            "  qemu-system-x86_64 -m 512 -machine memory-backend=mem \\",
            "    -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "    -chardev socket,id=disk,path=/tmp/disk.sock -device vhost-user-blk-pci,chardev=disk ...",
            "Two, on two threads:",
            "  vhost-user-blk --threads=2 --device=socket-path=/tmp/a.sock,blk-file=a.img \\",
            "    --device=socket-path=/tmp/b.sock,blk-file=b.img,read-only=on,serial=backup"
        })
public final class Main extends BackendCommand {
    private Main() {
        super(BlkOptions::new);
    }

    /** Runs the program. */
    public static void main(String... arguments) {
        new Main().runAndExit(arguments);
    }

    @Override
    protected String capabilities() {
        return """
                {
                  "type": "block",
                  "features": ["read-only", "blk-file"]
                }""";
    }
}
