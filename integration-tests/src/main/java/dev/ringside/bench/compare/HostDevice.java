package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A device of the host that a guest has for the time of a bed, by scripts/vfio or scripts/sriov. */
final class HostDevice {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int UP = 1;

    private final Setting setting;

    HostDevice(Setting setting) {
        this.setting = setting;
    }

    /** Binds it, or has a virtual function of it made, until the end of the bed; QEMU's words for it. */
    List<String> make(Bed bed) throws BenchException, InterruptedException {
        String address = setting.hardware().address(bed.mode());
        String us = "--guest=" + ProcessHandle.current().pid();
        String device = address;
        if (bed.mode().way() == Way.DIRECT) {
            boolean wasUp = isUp(address);
            script("vfio", "bind", address);
            bed.atEnd(() -> {
                script("vfio", "unbind", address);
                // Its driver begins anew, with an interface that is down.
                if (wasUp) {
                    bringUp(address);
                }
            });
        } else {
            bed.atEnd(() -> script("sriov", "take-back", us));
            device = script("sriov", "lend", us, address).strip();
        }
        // Not "port", which is the name of a property of it.
        return List.of(
                "-device", "pcie-root-port,id=slot1,chassis=1,slot=1", "-device", "vfio-pci,bus=slot1,host=" + device);
    }

    private String script(String name, String... words) throws BenchException, InterruptedException {
        return run(setting.tools().launcher(name), name, words);
    }

    private String run(String program, String name, String... words) throws BenchException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(words));
        return setting.children().start(name, null, command, Map.of()).await(PATIENCE);
    }

    private void bringUp(String address) throws BenchException, InterruptedException {
        Optional<Path> network = network(address);
        if (network.isPresent()) {
            String name = network.get().getFileName().toString();
            run(setting.tools().labProgram("ip"), "ip", "link", "set", "dev", name, "up");
        }
    }

    private static boolean isUp(String address) throws BenchException {
        try {
            Optional<Path> network = network(address);
            return network.isPresent()
                    && (Integer.decode(Files.readString(network.get().resolve("flags"))
                                            .strip())
                                    & UP)
                            != 0;
        } catch (IOException e) {
            throw new BenchException(address + ": " + e.getMessage(), e);
        }
    }

    /** The interface of a NIC that has a driver, in sysfs. */
    private static Optional<Path> network(String address) throws BenchException {
        String full = address.matches("[0-9a-f]{2}:.*") ? "0000:" + address : address;
        Path directory = Path.of("/sys/bus/pci/devices", full, "net");
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> interfaces = Files.newDirectoryStream(directory)) {
            for (Path one : interfaces) {
                return Optional.of(one);
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new BenchException(address + ": " + e.getMessage(), e);
        }
    }
}
