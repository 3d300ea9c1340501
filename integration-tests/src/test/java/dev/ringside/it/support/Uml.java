package dev.ringside.it.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** User-Mode Linux: the same guest as a process of the host, with a vhost-user front-end of its own. */
public final class Uml {
    /** Device types of virtio. */
    private static final int NET = 1;

    private static final int BLOCK = 2;

    private Uml() {}

    /**
     * Boots it with a disk, runs a command and ends it.
     *
     * @param directory for its files
     * @param socket where the disk (vda) is served
     */
    public static Result run(Path directory, Path socket, String command) throws IOException, InterruptedException {
        return run(directory, socket, BLOCK, command);
    }

    /** The same with a NIC (eth0), and with what {@link Transfer} sends in /mnt/data. */
    public static Result runWithNic(Path directory, Path socket, String command)
            throws IOException, InterruptedException {
        return run(directory, socket, NET, command);
    }

    private static Result run(Path directory, Path socket, int type, String command)
            throws IOException, InterruptedException {
        Path home = Files.createTempDirectory(directory, "uml");
        String encoded = Base64.getEncoder().encodeToString(command.getBytes(StandardCharsets.UTF_8));
        List<String> linux = new ArrayList<>(List.of(Lab.program("linux.uml"), "mem=256M", "con=null", "con0=null"));
        linux.addAll(List.of("uml_dir=" + home, "initrd=" + Lab.initramfs()));
        linux.add("virtio_uml.device=" + socket + ":" + type);
        if (type == NET) {
            linux.add("ringside.dhcp=off");
            Transfer.data(home);
        }
        linux.addAll(List.of("ringside.out=" + home, "ringside.run=" + encoded));
        Result host = run(linux);
        List<String> status = Files.readAllLines(home.resolve("status"));
        if (status.size() < 2) {
            throw new AssertionError("UML ended before the command did: " + host);
        }
        return new Result(
                Integer.parseInt(status.get(1)),
                Files.readString(home.resolve("out")).stripTrailing(),
                Files.readString(home.resolve("err")).stripTrailing());
    }

    private static Result run(List<String> command) throws InterruptedException {
        try (Child linux = Child.start("UML", command)) {
            return linux.finish(Patience.GUEST);
        }
    }
}
