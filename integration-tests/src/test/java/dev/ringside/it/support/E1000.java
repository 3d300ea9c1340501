package dev.ringside.it.support;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code emulated-e1000} as a user starts it, and its cards as QEMU knows them. */
public final class E1000 {
    private E1000() {}

    /** Serves one card with a link, and further options. */
    public static Backend serve(Path socket, String link, String... options) throws InterruptedException {
        return start("emulated-e1000", socket, link, options);
    }

    /** Serves a virtio NIC in the same way. */
    public static Backend serveVirtio(Path socket, String link, String... options) throws InterruptedException {
        return start("vhost-user-net", socket, link, options);
    }

    private static Backend start(String program, Path socket, String link, String... options)
            throws InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("--socket-path=" + socket, "--link=" + link));
        arguments.addAll(List.of(options));
        // link=user wants the lab's passt.
        String path = Path.of(Lab.program("passt")).getParent() + ":" + System.getenv("PATH");
        List<String> command = new ArrayList<>(List.of("env", "PATH=" + path));
        command.addAll(Backend.script(program, arguments.toArray(String[]::new)));
        return Backend.startedBy(command, socket);
    }

    /** Serves two cards of one process on its switch; the first one's socket is the backend's. */
    public static Backend serveSwitched(Path first, Path second) throws InterruptedException {
        Backend cards = Backend.startedBy(
                Backend.script(
                        "emulated-e1000",
                        "--device=socket-path=" + first + ",link=switch",
                        "--device=socket-path=" + second + ",link=switch"),
                first);
        cards.process().err().await(": ready");
        return cards;
    }

    /** The words on QEMU's command line for the card served at a socket. */
    public static String[] device(String id, Path socket) {
        return new String[] {
            "-device",
            "{\"driver\":\"vfio-user-pci\",\"id\":\"%s\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}"
                    .formatted(id, socket)
        };
    }

    /** The same for {@code device_add}. */
    public static Map<String, ?> plug(String id, Path socket) {
        return Map.of("driver", "vfio-user-pci", "id", id, "socket", Map.of("type", "unix", "path", socket.toString()));
    }
}
