package dev.ringside.it;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.Qemu;

/** A virtual IOMMU: memory is shared page by page, as the driver maps it. */
class E1000BehindIommuIT extends E1000Guests {
    E1000BehindIommuIT() {
        super(Guest.under(Qemu.LATEST)
                .machine("q35")
                .with("-device", "intel-iommu,caching-mode=on")
                .kernel("intel_iommu=on"));
    }
}
