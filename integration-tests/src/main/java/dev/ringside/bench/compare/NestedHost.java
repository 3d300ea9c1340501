package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Workspace;
import java.util.Optional;

/** A guest that plays a host with an SR-IOV NIC and an NVMe controller, in which the same comparison is made. */
final class NestedHost {
    NestedHost(Tools tools, Workspace workspace) {}

    Optional<Table> compare(boolean quick) throws BenchException, InterruptedException {
        return Optional.empty();
    }
}
