package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Qmp;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import dev.ringside.bench.host.SystemCalls;
import dev.ringside.bench.measure.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A second run of a workload, which is counted and not timed: what looks on here slows it down.
 *
 * <ul>
 *   <li>System calls of the back-end, by the host's kernel.
 *   <li>Kicks of others' virtio devices, by a probe in the guest's kernel, where its drivers kick.
 *   <li>Accesses to the registers of QEMU's own devices, by QEMU's trace.
 * </ul>
 */
final class Tracing {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofSeconds(1);

    /** With fewer, as under two emulators, the system calls are those of the workload's start. */
    private static final int FEWEST_OPERATIONS = 10;

    /** Under KVM the probe is a jump, under emulation it is one as well. */
    private static final String PROBE =
            "[ -e /sys/kernel/tracing/kprobe_events ] || mount -t tracefs none /sys/kernel/tracing;"
                    + " cd /sys/kernel/tracing && echo p:kick vp_notify >kprobe_events && echo 1 >events/kprobes/kick/enable";

    private static final String HITS = "awk '$1 == \"kick\" { print $2 }' /sys/kernel/tracing/kprobe_profile";
    private static final String NO_PROBE =
            "cd /sys/kernel/tracing && echo 0 >events/kprobes/kick/enable; echo >kprobe_events";

    /** The regions of the devices that are compared, as QEMU's trace names them. */
    private static final Pattern REGION = Pattern.compile(
            "memory_region_ops_(?:read|write) cpu \\d.*name '(?:e1000-|ahci|[0-9a-f]{4}:[0-9a-f]{2}:).*");

    private final Setting setting;
    private final Driver driver;
    private final @Nullable SystemCalls systemCalls;

    /** @param systemCalls null if nobody counts them */
    Tracing(Setting setting, Driver driver, @Nullable SystemCalls systemCalls) {
        this.setting = setting;
        this.driver = driver;
        this.systemCalls = systemCalls;
    }

    /** Adds what has been counted. */
    void run(Bed bed, Workload workload, Sample sample) throws BenchException, InterruptedException {
        boolean probes = !bed.mode().isOurs() && bed.mode().isVirtio();
        boolean traces = !bed.mode().isOurs() && !bed.mode().isVirtio();
        if (!probes && !traces && systemCalls == null) {
            return;
        }
        if (probes) {
            onAll(bed, PROBE);
        }
        if (traces) {
            trace(bed, true);
        }
        if (systemCalls != null) {
            systemCalls.start(threads(bed));
        }
        Result result = driver.run(bed, workload, SHORT);
        if (systemCalls != null) {
            double calls = systemCalls.stop();
            if (result.operations() >= FEWEST_OPERATIONS) {
                sample.with(Figures.SYSTEM_CALLS, calls * 1000 / result.operations());
            }
        }
        if (traces) {
            trace(bed, false);
            double accesses = accesses(bed) / result.operations();
            sample.with(Figures.REGISTERS, accesses).with(Figures.TRAPS, accesses);
        }
        if (probes) {
            double kicks = onAll(bed, HITS) / result.operations();
            onAll(bed, NO_PROBE);
            sample.with(Figures.KICKS, kicks).with(Figures.TRAPS, kicks);
        }
    }

    /** Of the back-ends or, if there are none, of QEMU but for its processors. */
    private static List<Long> threads(Bed bed) throws BenchException {
        List<Long> threads = new ArrayList<>();
        for (Child backend : bed.backends()) {
            threads.addAll(CpuTime.threadNumbers(backend.pid()));
        }
        if (bed.backends().isEmpty()) {
            for (BenchGuest guest : bed.guests()) {
                threads.addAll(CpuTime.threadNumbers(guest.pid()));
            }
        }
        return threads;
    }

    /** The sum of the numbers that the guests print. */
    private static double onAll(Bed bed, String command) throws BenchException, InterruptedException {
        double sum = 0;
        for (BenchGuest guest : bed.guests()) {
            String said = guest.execute(command, PATIENCE).strip();
            sum += said.matches("\\d+") ? Double.parseDouble(said) : 0;
        }
        return sum;
    }

    private static void trace(Bed bed, boolean on) throws BenchException, InterruptedException {
        for (BenchGuest guest : bed.guests()) {
            try (Qmp qmp = guest.qmp()) {
                qmp.execute("trace-event-set-state", Map.of("name", "memory_region_ops_read", "enable", on));
                qmp.execute("trace-event-set-state", Map.of("name", "memory_region_ops_write", "enable", on));
            }
        }
    }

    /** Of all guests; the traces are emptied. */
    private double accesses(Bed bed) throws BenchException {
        double sum = 0;
        for (int i = 0; i < bed.guests().size(); i++) {
            Path file = setting.workspace().directory().resolve("guest" + i + ".trace");
            try {
                try (Stream<String> lines = Files.lines(file)) {
                    sum += lines.filter(line -> REGION.matcher(line).find()).count();
                }
                Files.writeString(file, "");
            } catch (IOException e) {
                throw new BenchException(file + ": " + e.getMessage(), e);
            }
        }
        return sum;
    }
}
