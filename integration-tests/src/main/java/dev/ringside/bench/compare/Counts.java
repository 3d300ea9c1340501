package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Metrics;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.CpuTime;
import java.time.Duration;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What has been counted so far, all guests together. NaN is what nobody counts.
 *
 * @param guestCpu seconds of the virtual processors
 * @param qemuCpu seconds of QEMU's other threads
 * @param backendCpu seconds of the back-ends; NaN if there are none
 * @param switches of the back-ends or, if there are none, of QEMU's other threads
 */
record Counts(
        double guestCpu,
        double qemuCpu,
        double backendCpu,
        double switches,
        double registers,
        double kicks,
        double calls,
        double interrupts,
        double exits) {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** The interrupts of what is compared in the guest's /proc/interrupts: of one processor, and with the driver's name. */
    private static final Pattern INTERRUPTS = Pattern.compile(
            "(?m)^ *\\d+: +(\\d+) .*(?:virtio\\d+-(?:input|output|req)\\.\\d+|eth0.*|ahci\\S*|nvme\\d+q\\d+)$");

    /** Before a workload: what disturbs comes first. */
    static Counts before(Setting setting, Bed bed) throws BenchException, InterruptedException {
        Counts slow = slow(setting, bed);
        return slow.with(fast(bed));
    }

    /** After a workload: what disturbs comes last. */
    static Counts after(Setting setting, Bed bed) throws BenchException, InterruptedException {
        double[] fast = fast(bed);
        return slow(setting, bed).with(fast);
    }

    private Counts with(double[] fast) {
        return new Counts(fast[0], fast[1], fast[2], fast[3], registers, kicks, calls, interrupts, exits);
    }

    private static double[] fast(Bed bed) throws BenchException {
        double guests = 0;
        double qemus = 0;
        double qemuSwitches = 0;
        for (BenchGuest guest : bed.guests()) {
            guests += guest.processorSeconds();
            qemus += guest.cpuSeconds();
            qemuSwitches += CpuTime.switches(guest.pid());
        }
        if (bed.backends().isEmpty()) {
            return new double[] {guests, qemus, Double.NaN, qemuSwitches};
        }
        double backends = 0;
        double switches = 0;
        for (Child backend : bed.backends()) {
            backends += CpuTime.seconds(backend.pid());
            switches += CpuTime.switches(backend.pid());
        }
        return new double[] {guests, qemus, backends, switches};
    }

    private static Counts slow(Setting setting, Bed bed) throws BenchException, InterruptedException {
        double interrupts = 0;
        double exits = 0;
        for (BenchGuest guest : bed.guests()) {
            String table = guest.execute("cat /proc/interrupts", PATIENCE);
            Stream<MatchResult> lines = INTERRUPTS.matcher(table).results();
            interrupts += lines.mapToLong(line -> Long.parseLong(line.group(1))).sum();
            exits += Exits.of(setting, guest);
        }
        double registers = Double.NaN;
        double kicks = Double.NaN;
        double calls = Double.NaN;
        if (bed.metricsPort() != 0) {
            Metrics metrics = Metrics.ask(setting.tools(), setting.children(), bed.network(), bed.metricsPort());
            if (bed.mode() == Mode.E1000) {
                registers =
                        metrics.sum("ringside_e1000_register_reads") + metrics.sum("ringside_e1000_register_writes");
                calls = metrics.sum("ringside_vfio_user_interrupts");
            } else {
                kicks = metrics.sum("ringside_queue_kicks");
                calls = metrics.sum("ringside_queue_calls");
            }
        }
        return new Counts(0, 0, 0, 0, registers, kicks, calls, interrupts, exits);
    }

    Counts minus(Counts before) {
        return new Counts(
                guestCpu - before.guestCpu,
                qemuCpu - before.qemuCpu,
                backendCpu - before.backendCpu,
                switches - before.switches,
                registers - before.registers,
                kicks - before.kicks,
                calls - before.calls,
                interrupts - before.interrupts,
                exits - before.exits);
    }
}
