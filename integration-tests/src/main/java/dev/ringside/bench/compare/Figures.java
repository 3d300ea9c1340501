package dev.ringside.bench.compare;

import dev.ringside.bench.measure.Metric;
import java.util.List;
import java.util.Optional;

/** What is measured and counted. An operation is a packet or a request ({@link Kind#operation}). */
public final class Figures {
    public static final Metric THROUGHPUT = new Metric("megabytes_per_second", "throughput", "MB/s");
    public static final Metric OPERATIONS = new Metric("operations_per_second", "operations", "1/s");
    public static final Metric P50 = new Metric("p50_us", "latency p50", "us");
    public static final Metric P99 = new Metric("p99_us", "latency p99", "us");
    public static final Metric LOSS = new Metric("loss_percent", "lost", "%");

    public static final Metric GUEST_CPU = new Metric("guest_cpu_us_per_operation", "CPU guest", "us/op");
    public static final Metric QEMU_CPU = new Metric("qemu_cpu_us_per_operation", "CPU QEMU", "us/op");
    public static final Metric BACKEND_CPU = new Metric("backend_cpu_us_per_operation", "CPU back-end", "us/op");
    public static final Metric GUEST_CPU_GB = new Metric("guest_cpu_seconds_per_gigabyte", "CPU guest", "s/GB");
    public static final Metric QEMU_CPU_GB = new Metric("qemu_cpu_seconds_per_gigabyte", "CPU QEMU", "s/GB");
    public static final Metric BACKEND_CPU_GB = new Metric("backend_cpu_seconds_per_gigabyte", "CPU back-end", "s/GB");

    /** Kicks and register accesses: what the guest's processor leaves the guest for, because of the device. */
    public static final Metric TRAPS = new Metric("traps_per_operation", "traps", "/op");
    /** As the guest has counted them. */
    public static final Metric INTERRUPTS = new Metric("interrupts_per_operation", "interrupts", "/op");
    /** Traps and interrupts. */
    public static final Metric CROSSINGS = new Metric("crossings_per_operation", "crossings", "/op");

    public static final Metric REGISTERS = new Metric("register_accesses_per_operation", "register accesses", "/op");
    public static final Metric KICKS = new Metric("kicks_per_operation", "kicks", "/op");
    public static final Metric CALLS = new Metric("calls_per_operation", "calls", "/op");
    public static final Metric EXITS = new Metric("vm_exits_per_operation", "VM exits", "/op");
    /** Of the back-end's threads; where there is none, of QEMU's but those of the virtual processors. */
    public static final Metric SWITCHES = new Metric("switches_per_1000_operations", "switches", "/1000 ops");

    public static final Metric SYSTEM_CALLS =
            new Metric("system_calls_per_1000_operations", "system calls", "/1000 ops");

    /** Of this machine, while it was timed: what says how much the times are worth. */
    public static final Metric OTHERS = new Metric("others_processors", "others at work", "processors");

    /** In the order of tables. */
    public static final List<Metric> ALL = List.of(
            THROUGHPUT,
            OPERATIONS,
            P50,
            P99,
            LOSS,
            CROSSINGS,
            TRAPS,
            INTERRUPTS,
            REGISTERS,
            KICKS,
            CALLS,
            EXITS,
            SWITCHES,
            SYSTEM_CALLS,
            GUEST_CPU,
            QEMU_CPU,
            BACKEND_CPU,
            GUEST_CPU_GB,
            QEMU_CPU_GB,
            BACKEND_CPU_GB,
            OTHERS);

    /** The columns of a terminal. */
    public static final List<Metric> SHOWN = List.of(
            THROUGHPUT,
            OPERATIONS,
            P50,
            P99,
            CROSSINGS,
            TRAPS,
            INTERRUPTS,
            EXITS,
            SWITCHES,
            SYSTEM_CALLS,
            GUEST_CPU,
            QEMU_CPU,
            BACKEND_CPU);

    private Figures() {}

    /** By its key. */
    public static Optional<Metric> metric(String key) {
        return ALL.stream().filter(metric -> metric.key().equals(key)).findFirst();
    }

    /** Whether more of it is better. */
    public static boolean isHigherBetter(Metric metric) {
        return metric.equals(THROUGHPUT) || metric.equals(OPERATIONS);
    }
}
