package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Metrics;
import dev.ringside.bench.guest.Network;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Networks, their back-ends, and QEMU's words for the NIC of each guest. */
final class Nics {
    /** How long QEMU waits for an answer: a JVM has just started, perhaps on a processor that is emulated itself. */
    private static final int ANSWER_MILLIS = 60_000;

    private final Setting setting;

    Nics(Setting setting) {
        this.setting = setting;
    }

    List<List<String>> make(Bed bed, int guests) throws BenchException, InterruptedException {
        bed.stand(network(bed.mode(), guests));
        return switch (bed.mode()) {
            case E1000 -> e1000(bed, guests);
            case VIRTIO, VIRTIO_POLL -> virtio(bed, guests);
            case PASST -> passt(bed, guests);
            case QEMU_E1000 -> onTaps("e1000", guests);
            case QEMU_VIRTIO -> onTaps("virtio-net-pci", guests);
            case NET_PASSTHROUGH, NET_SRIOV -> List.of(new HostDevice(setting).make(bed));
            default -> throw new IllegalArgumentException(bed.mode().word());
        };
    }

    private Network network(Mode mode, int guests) throws BenchException, InterruptedException {
        if (mode == Mode.PASST) {
            return Network.withLoopback(setting.tools(), setting.children());
        }
        return mode.isHardware()
                ? Network.withInterface(
                        setting.tools(),
                        setting.children(),
                        Objects.requireNonNull(setting.hardware().peer()))
                : Network.withTaps(setting.tools(), setting.children(), guests);
    }

    private List<List<String>> e1000(Bed bed, int guests) throws BenchException, InterruptedException {
        List<Path> sockets = startOurs(bed, "emulated-e1000", guests, List.of());
        return sockets.stream()
                .map(socket -> List.of(
                        "-device",
                        "{\"driver\":\"vfio-user-pci\",\"x-msg-timeout\":%d,\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}"
                                .formatted(ANSWER_MILLIS, socket)))
                .toList();
    }

    private List<List<String>> virtio(Bed bed, int guests) throws BenchException, InterruptedException {
        List<String> polling = bed.mode() == Mode.VIRTIO_POLL ? List.of("--poll-us=" + Beds.POLL_MICROS) : List.of();
        return frontEnds(startOurs(bed, "vhost-user-net", guests, polling));
    }

    private List<Path> startOurs(Bed bed, String program, int guests, List<String> options)
            throws BenchException, InterruptedException {
        List<Path> sockets = Beds.sockets(setting, guests);
        List<String> command =
                new ArrayList<>(List.of(setting.tools().launcher(program), "--metrics=127.0.0.1:" + Metrics.PORT));
        command.addAll(options);
        for (int i = 0; i < guests; i++) {
            command.add("--device=socket-path=" + sockets.get(i) + ",link=tap:" + Network.tap(i));
        }
        Beds.start(setting, bed, bed.mode().word(), guests, command, sockets);
        bed.serveMetrics(Metrics.PORT);
        return sockets;
    }

    private List<List<String>> passt(Bed bed, int guests) throws BenchException, InterruptedException {
        List<Path> sockets = Beds.sockets(setting, guests);
        for (int i = 0; i < guests; i++) {
            List<String> command = new ArrayList<>(List.of(setting.tools().labProgram("passt"), "--foreground"));
            command.addAll(List.of("--vhost-user", "--one-off", "--ipv4-only", "--address", Network.guest(i)));
            command.addAll(List.of("--gateway", Network.host(i), "--map-host-loopback", Network.host(i)));
            command.addAll(List.of("--socket", sockets.get(i).toString()));
            if (Files.isReadable(Path.of("/root"))) {
                // It would become nobody, who cannot make its socket in a directory of root's.
                command.addAll(List.of("--runas", "0"));
            }
            Beds.start(setting, bed, "passt" + i, guests, command, List.of(sockets.get(i)));
        }
        return frontEnds(sockets);
    }

    private static List<List<String>> frontEnds(List<Path> sockets) {
        return sockets.stream()
                .map(socket -> List.of(
                        "-chardev",
                        "socket,id=nic,path=" + socket,
                        "-netdev",
                        "vhost-user,id=net,chardev=nic",
                        "-device",
                        "virtio-net-pci,netdev=net"))
                .toList();
    }

    private static List<List<String>> onTaps(String device, int guests) {
        List<List<String>> devices = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            devices.add(List.of(
                    "-netdev",
                    "tap,id=net,ifname=" + Network.tap(i) + ",script=no,downscript=no,vhost=off",
                    "-device",
                    device + ",netdev=net"));
        }
        return devices;
    }
}
