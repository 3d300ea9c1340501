package dev.ringside.bench.compare;

import java.util.Locale;

/** What no benchmark shows of a mode, each with the test of this repository that demonstrates it. */
public enum Property {
    DRIVER("driver in the guest"),
    MIGRATION("live migration"),
    RECOVERY("when the back-end dies"),
    DEVICES("devices of a host"),
    HARDWARE("hardware needed");

    /**
     * What holds of a mode.
     *
     * @param test the path of the test, from the repository's root; empty where nothing here demonstrates it
     */
    public record Value(String text, String test) {}

    private static final String TESTS = "integration-tests/src/test/java/dev/ringside/it/";

    private final String title;

    Property(String title) {
        this.title = title;
    }

    /** In a few words. */
    public String title() {
        return title;
    }

    /** As JSON has it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What holds of a mode. */
    public Value of(Mode mode) {
        return switch (this) {
            case DRIVER -> driver(mode);
            case MIGRATION -> migration(mode);
            case RECOVERY -> recovery(mode);
            case DEVICES -> devices(mode);
            case HARDWARE -> hardware(mode);
        };
    }

    private static Value it(String text, String test) {
        return new Value(text, TESTS + test + ".java");
    }

    private static Value driver(Mode mode) {
        return switch (mode) {
            case E1000 -> it("the chip's own: e1000, unchanged", "E1000OnQ35IT");
            case QEMU_E1000 -> new Value("the chip's own: e1000, unchanged", "");
            case QEMU_AHCI -> new Value("the chip's own: ahci, unchanged", "");
            case VIRTIO, VIRTIO_POLL -> it("one for virtio: virtio_net", "NetTapIT");
            case QEMU_VIRTIO, PASST -> new Value("one for virtio: virtio_net", "");
            case VIRTIO_BLK, VIRTIO_BLK_DIRECT, VIRTIO_BLK_POLL -> it("one for virtio: virtio_blk", "GuestOnQ35IT");
            case QEMU_VIRTIO_BLK, QEMU_STORAGE_DAEMON -> new Value("one for virtio: virtio_blk", "");
            case NET_PASSTHROUGH, NVME_PASSTHROUGH -> new Value("the hardware's own", "scripts/lib/nested/binding.sh");
            case NET_SRIOV, NVME_SRIOV -> new Value("the virtual function's own", "scripts/lib/nested/test-l2.sh");
        };
    }

    private static Value migration(Mode mode) {
        return switch (mode) {
            case VIRTIO, VIRTIO_POLL, VIRTIO_BLK, VIRTIO_BLK_DIRECT, VIRTIO_BLK_POLL -> it("yes", "MigrationIT");
            case QEMU_E1000, QEMU_VIRTIO, QEMU_AHCI, QEMU_VIRTIO_BLK ->
                new Value("yes (QEMU moves the device's state)", "");
            case PASST, QEMU_STORAGE_DAEMON -> new Value("not demonstrated here", "");
            case E1000 -> new Value("no: QEMU's vfio-user client loses the card's state", "docs/E1000.md");
            case NET_PASSTHROUGH, NET_SRIOV, NVME_PASSTHROUGH, NVME_SRIOV ->
                new Value("no, unless the device can hand over its state", "");
        };
    }

    private static Value recovery(Mode mode) {
        return switch (mode) {
            case VIRTIO, VIRTIO_POLL, VIRTIO_BLK, VIRTIO_BLK_DIRECT, VIRTIO_BLK_POLL ->
                it("the next one goes on, with exactly the requests in flight", "RecoverIT");
            case E1000 -> new Value("the card is gone until it is unplugged and plugged in again", "docs/E1000.md");
            case PASST, QEMU_STORAGE_DAEMON -> new Value("not demonstrated here", "");
            case QEMU_E1000, QEMU_VIRTIO, QEMU_AHCI, QEMU_VIRTIO_BLK ->
                new Value("it is QEMU: the guest dies with it", "");
            case NET_PASSTHROUGH, NET_SRIOV, NVME_PASSTHROUGH, NVME_SRIOV ->
                new Value("there is none: the device works without", "");
        };
    }

    private static Value devices(Mode mode) {
        return switch (mode.way()) {
            case DIRECT -> new Value("one guest for each device", "scripts/lib/nested/refusals.sh");
            case SELF_VIRTUALISING ->
                new Value("as many as the device has virtual functions", "scripts/lib/nested/refusals.sh");
            default ->
                mode.isOurs() && mode != Mode.E1000
                        ? it("as many as memory allows, several in one process", "SeveralDevicesIT")
                        : new Value("as many as memory allows", "");
        };
    }

    private static Value hardware(Mode mode) {
        return switch (mode.way()) {
            case DIRECT ->
                new Value(
                        "IOMMU, interrupt remapping, a device in a group of its own", "scripts/lib/nested/looking.sh");
            case SELF_VIRTUALISING ->
                new Value("the same, and SR-IOV in device and firmware", "scripts/lib/nested/virtual-functions.sh");
            default -> new Value("none", "");
        };
    }
}
