package dev.ringside.bench.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One way to give a guest one kind of I/O, by one implementation. */
public enum Mode {
    E1000(Kind.NET, Way.EMULATED, true, "emulated-e1000: Java, over vfio-user"),
    VIRTIO(Kind.NET, Way.PARAVIRTUAL, true, "vhost-user-net: Java"),
    VIRTIO_POLL(
            Kind.NET, Way.PARAVIRTUAL, true, "vhost-user-net: Java, which looks for work for 200 us before it sleeps"),
    QEMU_E1000(Kind.NET, Way.EMULATED, false, "QEMU's own e1000"),
    QEMU_VIRTIO(Kind.NET, Way.PARAVIRTUAL, false, "QEMU's own virtio-net"),
    PASST(Kind.NET, Way.PARAVIRTUAL, false, "passt as vhost-user back-end: sockets of the host, no TAP"),
    NET_PASSTHROUGH(Kind.NET, Way.DIRECT, false, "a whole NIC of the host, by VFIO"),
    NET_SRIOV(Kind.NET, Way.SELF_VIRTUALISING, false, "a virtual function of a NIC, by VFIO"),

    VIRTIO_BLK(Kind.BLOCK, Way.PARAVIRTUAL, true, "vhost-user-blk: Java, through the page cache"),
    VIRTIO_BLK_DIRECT(Kind.BLOCK, Way.PARAVIRTUAL, true, "vhost-user-blk: Java, past the page cache"),
    VIRTIO_BLK_POLL(
            Kind.BLOCK,
            Way.PARAVIRTUAL,
            true,
            "vhost-user-blk: Java, through the page cache, which looks for work for 200 us before it sleeps"),
    QEMU_VIRTIO_BLK(Kind.BLOCK, Way.PARAVIRTUAL, false, "QEMU's own virtio-blk, through the page cache"),
    QEMU_STORAGE_DAEMON(
            Kind.BLOCK, Way.PARAVIRTUAL, false, "qemu-storage-daemon's vhost-user-blk, through the page cache"),
    QEMU_AHCI(Kind.BLOCK, Way.EMULATED, false, "QEMU's own AHCI, through the page cache"),
    NVME_PASSTHROUGH(Kind.BLOCK, Way.DIRECT, false, "a whole NVMe controller of the host, by VFIO"),
    NVME_SRIOV(Kind.BLOCK, Way.SELF_VIRTUALISING, false, "a virtual function of an NVMe controller, by VFIO");

    private final Kind kind;
    private final Way way;
    private final boolean ours;
    private final String title;

    Mode(Kind kind, Way way, boolean ours, String title) {
        this.kind = kind;
        this.way = way;
        this.ours = ours;
        this.title = title;
    }

    /** As options, tables and JSON have it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public Kind kind() {
        return kind;
    }

    public Way way() {
        return way;
    }

    /** Whether its back-end is Ringside's. */
    public boolean isOurs() {
        return ours;
    }

    /** In a line. */
    public String title() {
        return title;
    }

    /** Whether it needs hardware of the host. */
    public boolean isHardware() {
        return way == Way.DIRECT || way == Way.SELF_VIRTUALISING;
    }

    /** Whether its driver in the guest is one for virtio. */
    public boolean isVirtio() {
        return way == Way.PARAVIRTUAL;
    }

    /** By its word. */
    public static Optional<Mode> of(String word) {
        return List.of(values()).stream()
                .filter(mode -> mode.word().equals(word))
                .findFirst();
    }
}
