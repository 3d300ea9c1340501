package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Machine;
import dev.ringside.bench.guest.Network;
import dev.ringside.bench.guest.TapLoad;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Listening;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Brings modes up. */
final class Beds {
    /** Of the modes that look for work before they sleep. */
    static final int POLL_MICROS = 200;

    /** For a guest within a guest; who has died is noticed at once. */
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final int MEMORY = 512;
    private final Setting setting;

    Beds(Setting setting) {
        this.setting = setting;
    }

    /** All of it is ready for work; what fails on the way is taken down again. */
    Bed make(Mode mode, int guests) throws BenchException, InterruptedException {
        Bed bed = new Bed(mode);
        try {
            List<List<String>> devices = mode.kind() == Kind.NET
                    ? new Nics(setting).make(bed, guests)
                    : new Disks(setting).make(bed, guests);
            for (int i = 0; i < guests; i++) {
                Network network = bed.network();
                Machine machine = new Machine(
                        "guest" + i, mode.isHardware() ? "q35" : "pc", MEMORY, network, guests == 1, devices.get(i));
                bed.add(BenchGuest.boot(setting.tools(), setting.workspace(), setting.settings(), machine));
            }
            for (int i = 0; i < guests; i++) {
                bed.guests().get(i).begin(readiness(mode, i));
            }
            for (int i = 0; i < guests; i++) {
                bed.guests().get(i).finish(readiness(mode, i), PATIENCE, bed::checkAlive);
            }
            return bed;
        } catch (BenchException | InterruptedException e) {
            try {
                bed.close();
            } catch (BenchException e2) {
                e.addSuppressed(e2);
            }
            throw e;
        }
    }

    private static String readiness(Mode mode, int guest) {
        return mode.kind() == Kind.NET
                ? TapLoad.up(guest)
                : "modprobe -a -q ahci sd_mod; until [ -b " + Disks.node(mode) + " ]; do usleep 10000; done";
    }

    /** Starts a back-end, and waits until it listens. */
    static Child start(Setting setting, Bed bed, String name, int guests, List<String> command, List<Path> sockets)
            throws BenchException, InterruptedException {
        Network network = bed.network();
        Child child = setting.children()
                .start(
                        name,
                        setting.backendProcessor(guests),
                        network == null ? command : network.enter(command),
                        Map.of("RINGSIDE_NO_BUILD", "1"));
        bed.add(child, command);
        Listening.await(child, sockets);
        return child;
    }

    /** Names for each guest. */
    static List<Path> sockets(Setting setting, int guests) {
        List<Path> sockets = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            sockets.add(setting.workspace().directory().resolve("device" + i + ".sock"));
        }
        return sockets;
    }
}
