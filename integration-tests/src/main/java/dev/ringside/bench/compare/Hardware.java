package dev.ringside.bench.compare;

import dev.ringside.bench.guest.Network;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Devices of the host that may be used, and are lost to it meanwhile.
 *
 * @param nic the PCI address of a NIC
 * @param peer the interface of this host that is linked with it: another port, and a cable
 * @param nvme the PCI address of an NVMe controller, all of whose data may be overwritten
 */
record Hardware(
        @Nullable String nic,
        @Nullable String peer,
        @Nullable String nvme) {
    /** Why a mode cannot be measured here, in a line. */
    static Optional<String> obstacle(Mode mode, Hardware hardware, int guests) {
        if (mode.kind() == Kind.NET) {
            Optional<String> network = Network.obstacle();
            if (network.isPresent()) {
                return network;
            }
        }
        if (!mode.isHardware()) {
            return Optional.empty();
        }
        if (mode.kind() == Kind.NET ? hardware.nic == null || hardware.peer == null : hardware.nvme == null) {
            return Optional.of(
                    mode.kind() == Kind.NET
                            ? "no NIC of this machine is given for it (--nic and --nic-peer; or --nested)"
                            : "no NVMe controller of this machine is given for it (--nvme; or --nested)");
        }
        return guests > 1
                ? Optional.of("one device serves one guest here; several are not measured")
                : Optional.empty();
    }

    /** Of the device that a mode is about. */
    String address(Mode mode) {
        String address = mode.kind() == Kind.NET ? nic : nvme;
        if (address == null) {
            throw new IllegalStateException(mode.word() + " has an obstacle");
        }
        return address;
    }
}
