package dev.ringside.net;

import dev.ringside.app.BackendCommand;
import dev.ringside.app.ManifestVersion;
import dev.ringside.link.Links;
import picocli.CommandLine.Command;

/** The program {@code vhost-user-net}. */
@Command(
        name = "vhost-user-net",
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = "Gives virtual machines virtio-net devices, over vhost-user sockets.",
        footer = {
            "",
            "One NIC, on a TAP of the host:",
            "  vhost-user-net --socket-path=/tmp/net.sock --link=tap:tap0",
            "  qemu-system-x86_64 -m 512 -machine memory-backend=mem \\",
            "    -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "    -chardev socket,id=net,path=/tmp/net.sock -netdev vhost-user,id=n0,chardev=net \\",
            "    -device virtio-net-pci,netdev=n0 ..."
        })
public final class Main extends BackendCommand {
    private Main(Links links) {
        super(() -> new NetOptions(links));
    }

    /** Runs the program. */
    public static void main(String... arguments) {
        new Main(new Links()).runAndExit(arguments);
    }

    @Override
    protected String capabilities() {
        return """
                {
                  "type": "net"
                }""";
    }
}
