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

    /** Why there are none to count under KVM. */
    static final String UNTOLD = "this host's KVM does not tell QEMU of them (query-stats; Linux 5.14 and QEMU 7.1 do)";

    private Exits() {}

    /** So far; NaN where nobody counts them. */
    static double of(Setting setting, BenchGuest guest) throws BenchException, InterruptedException {
        if (!setting.settings().accelerator().equals("kvm")) {
            return Double.NaN;
        }
        try (Qmp qmp = guest.qmp()) {
            JsonNode answer;
            try {
                answer = qmp.execute(
                        "query-stats",
                        Map.of(
                                "target",
                                "vcpu",
                                "providers",
                                List.of(Map.of("provider", "kvm", "names", List.of("exits")))));
            } catch (Qmp.Refusal e) {
                // An older QEMU: all the rest can be counted.
                return Double.NaN;
            }
            return sum(answer);
        }
    }

    /** Of the answer of query-stats, an object for each processor; NaN if none has any: a kernel may not tell. */
    static double sum(JsonNode answer) {
        double sum = Double.NaN;
        for (JsonNode processor : answer) {
            for (JsonNode statistic : processor.path("stats")) {
                if (statistic.path("name").asText().equals("exits")) {
                    sum = (Double.isNaN(sum) ? 0 : sum)
                            + statistic.path("value").asDouble();
                }
            }
        }
        return sum;
    }
}
