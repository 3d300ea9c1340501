package dev.ringside.bench.compare;

/** The ways to give a guest its I/O. */
public enum Way {
    EMULATED("emulated device", "A real device is played in software: each register access of the driver traps."),
    PARAVIRTUAL("para-virtual device", "The driver knows that it is in a guest: requests in shared memory, few kicks."),
    DIRECT("direct access", "A whole device of the host is the guest's alone, behind an IOMMU."),
    SELF_VIRTUALISING(
            "self-virtualising device", "A device that plays many: the guest has one of its virtual functions.");

    private final String title;
    private final String description;

    Way(String title, String description) {
        this.title = title;
        this.description = description;
    }

    /** In a few words. */
    public String title() {
        return title;
    }

    /** In a sentence. */
    public String description() {
        return description;
    }
}
