package dev.ringside.bench.e1000;

import dev.ringside.bench.guest.Metrics;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.Tools;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Whose card it is. */
enum Card {
    /** Ours, as a user starts it. */
    RINGSIDE("ringside"),
    /** Ours, which looks for work before it sleeps. */
    POLLING("polling"),
    /** The one within QEMU. */
    QEMU("qemu");

    private final String title;

    Card(String title) {
        this.title = title;
    }

    /** One word. */
    String title() {
        return title;
    }

    boolean isOurs() {
        return this != QEMU;
    }

    /** The words of QEMU's command line. */
    List<String> device(Path socket) {
        if (isOurs()) {
            return List.of(
                    "-device",
                    "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}".formatted(socket));
        }
        return List.of(
                "-netdev",
                "tap,id=net,ifname=" + Network.tap(0) + ",script=no,downscript=no",
                "-device",
                "e1000,netdev=net");
    }

    /** The words of our program's command line. */
    List<String> command(Tools tools, Path socket, int pollMicros) {
        List<String> words = new ArrayList<>(List.of(
                tools.launcher("emulated-e1000"),
                "--socket-path=" + socket,
                "--link=tap:" + Network.tap(0),
                "--metrics=127.0.0.1:" + Metrics.PORT));
        if (this == POLLING) {
            words.add("--poll-us=" + pollMicros);
        }
        return words;
    }
}
