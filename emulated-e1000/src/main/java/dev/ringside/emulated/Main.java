package dev.ringside.emulated;

import dev.ringside.app.BackendCommand;
import dev.ringside.app.ManifestVersion;
import dev.ringside.link.Links;
import picocli.CommandLine.Command;

/** The program {@code emulated-e1000}. */
@Command(
        name = "emulated-e1000",
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        description = "Serves emulated Intel 82540EM network cards to virtual machines, over vfio-user sockets.",
        footer = {
            "",
            "One card:",
            "  emulated-e1000 --socket-path=/tmp/nic.sock --link=echo",
            "  qemu-system-x86_64 -m 512 -machine memory-backend=mem \\",
            "    -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "    -device '{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"/tmp/nic.sock\"}}' ...",
            "QEMU is 10.1 or newer. Without shared memory it works, too, more slowly. Do not migrate or save the guest:",
            "QEMU loses the card's state, and does not say so."
        })
public final class Main extends BackendCommand {
    private Main(Links links) {
        super(() -> new E1000Options(links));
    }

    /** Runs the program. */
    public static void main(String... arguments) {
        new Main(new Links()).runAndExit(arguments);
    }

    @Override
    protected String capabilities() {
        return """
                {
                  "type": "net",
                  "features": []
                }""";
    }
}
