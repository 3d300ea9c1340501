package dev.ringside.bench.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the guest does. */
public enum Workload {
    PING(Kind.NET, "ping, one at a time"),
    RR_TCP(Kind.NET, "TCP, requests and responses of 14 bytes, one at a time (sockperf)"),
    TCP_OUT(Kind.NET, "TCP, guest to host (iperf3)"),
    TCP_IN(Kind.NET, "TCP, host to guest (iperf3)"),
    TCP_OUT_4(Kind.NET, "TCP, 4 streams, guest to host (iperf3)"),
    TCP_IN_4(Kind.NET, "TCP, 4 streams, host to guest (iperf3)"),
    UDP_64_OUT(Kind.NET, "UDP, 64 bytes, guest to host (iperf3)"),
    UDP_64_IN(Kind.NET, "UDP, 64 bytes, host to guest (iperf3)"),
    UDP_1400_OUT(Kind.NET, "UDP, 1400 bytes, guest to host (iperf3)"),
    UDP_1400_IN(Kind.NET, "UDP, 1400 bytes, host to guest (iperf3)"),

    READ_4K_1(Kind.BLOCK, "random reads of 4 KiB, one at a time (fio)"),
    READ_4K_32(Kind.BLOCK, "random reads of 4 KiB, 32 at a time (fio)"),
    WRITE_4K_1(Kind.BLOCK, "random writes of 4 KiB, one at a time (fio)"),
    WRITE_4K_32(Kind.BLOCK, "random writes of 4 KiB, 32 at a time (fio)"),
    READ_128K(Kind.BLOCK, "sequential reads of 128 KiB, 8 at a time (fio)"),
    WRITE_128K(Kind.BLOCK, "sequential writes of 128 KiB, 8 at a time (fio)"),
    FSYNC(Kind.BLOCK, "writes of 4 KiB, each followed by fsync (fio)");

    /** For {@code --quick}: one for each thing that a mode may be good at. */
    static final List<Workload> QUICK = List.of(PING, TCP_OUT, UDP_64_IN, READ_4K_1, READ_4K_32);

    private final Kind kind;
    private final String title;

    Workload(Kind kind, String title) {
        this.kind = kind;
        this.title = title;
    }

    /** In a line. */
    public String title() {
        return title;
    }

    public Kind kind() {
        return kind;
    }

    /** As options, tables and JSON have it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** By its word. */
    public static Optional<Workload> of(String word) {
        return List.of(values()).stream()
                .filter(workload -> workload.word().equals(word))
                .findFirst();
    }
}
