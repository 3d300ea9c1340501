package dev.ringside.bench.compare;

import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Results and counts as figures per operation. */
final class Samples {
    private Samples() {}

    static Sample of(Mode mode, Result result, Counts counts) {
        double operations = result.operations();
        double gigabytes = result.bytes() / 1e9;
        Sample sample = new Sample();
        if (result.bytes() > 0) {
            sample.with(Figures.THROUGHPUT, result.bytes() / result.seconds() / 1e6)
                    .with(Figures.GUEST_CPU_GB, counts.guestCpu() / gigabytes)
                    .with(Figures.QEMU_CPU_GB, counts.qemuCpu() / gigabytes)
                    .with(Figures.BACKEND_CPU_GB, counts.backendCpu() / gigabytes);
        }
        sample.with(Figures.OPERATIONS, operations / result.seconds())
                .with(Figures.P50, result.p50())
                .with(Figures.P99, result.p99())
                .with(Figures.LOSS, result.lostPercent())
                .with(Figures.INTERRUPTS, counts.interrupts() / operations)
                .with(Figures.REGISTERS, counts.registers() / operations)
                .with(Figures.KICKS, counts.kicks() / operations)
                .with(Figures.CALLS, counts.calls() / operations)
                .with(Figures.EXITS, counts.exits() / operations)
                .with(Figures.SWITCHES, counts.switches() * 1000 / operations)
                .with(Figures.GUEST_CPU, counts.guestCpu() * 1e6 / operations)
                .with(Figures.QEMU_CPU, counts.qemuCpu() * 1e6 / operations)
                .with(Figures.BACKEND_CPU, counts.backendCpu() * 1e6 / operations);
        if (mode.isOurs()) {
            sample.with(Figures.TRAPS, (mode == Mode.E1000 ? counts.registers() : counts.kicks()) / operations);
        }
        return sample;
    }

    /** When traps and interrupts are known. */
    static void addCrossings(Sample sample) {
        OptionalDouble traps = sample.get(Figures.TRAPS);
        OptionalDouble interrupts = sample.get(Figures.INTERRUPTS);
        if (traps.isPresent() && interrupts.isPresent()) {
            sample.with(Figures.CROSSINGS, traps.getAsDouble() + interrupts.getAsDouble());
        }
    }

    /** What a mode has no figure for, and why. */
    static Map<Metric, String> uncounted(Mode mode, Setting setting, Sample sample, @Nullable String noSystemCalls) {
        Map<Metric, String> reasons = new LinkedHashMap<>();
        if (!setting.settings().accelerator().equals("kvm")) {
            reasons.put(Figures.EXITS, Exits.NONE);
        } else if (sample.get(Figures.EXITS).isEmpty()) {
            reasons.put(Figures.EXITS, Exits.UNTOLD);
        }
        if (noSystemCalls != null) {
            reasons.put(Figures.SYSTEM_CALLS, noSystemCalls);
        }
        if (mode.isVirtio()) {
            reasons.put(Figures.REGISTERS, "a virtio device's only register in use is the one that takes kicks");
        } else {
            reasons.put(Figures.KICKS, "its accesses to registers are counted instead");
        }
        if (!mode.isOurs()) {
            reasons.put(Figures.CALLS, "its back-end does not count them: the guest's interrupts tell");
        }
        return reasons;
    }
}
