package dev.ringside.bench.compare;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.guest.BenchGuest;
import dev.ringside.bench.guest.Qmp;
import java.util.List;
import java.util.Map;

/** The exits of a guest's processors, as KVM counts them. */
final class Exits {
    /** Why there are none to count under emulation. */
    static final String NONE = "emulated guests (TCG) have no VM exits: only KVM counts them";

    private Exits() {}

    /** So far; NaN where nobody counts them. */
    static double of(Setting setting, BenchGuest guest) throws BenchException, InterruptedException {
        if (!setting.settings().accelerator().equals("kvm")) {
            return Double.NaN;
        }
        try (Qmp qmp = guest.qmp()) {
            return sum(qmp.execute(
                    "query-stats",
                    Map.of(
                            "target",
                            "vcpu",
                            "providers",
                            List.of(Map.of("provider", "kvm", "names", List.of("exits"))))));
        }
    }

    /** Of the answer of query-stats: an object for each processor. */
    static double sum(JsonNode answer) {
        double sum = 0;
        for (JsonNode processor : answer) {
            for (JsonNode statistic : processor.path("stats")) {
                if (statistic.path("name").asText().equals("exits")) {
                    sum += statistic.path("value").asDouble();
                }
            }
        }
        return sum;
    }
}
