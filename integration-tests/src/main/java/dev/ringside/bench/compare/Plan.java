package dev.ringside.bench.compare;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What is measured, and in which order.
 *
 * @param guests how many at once
 * @param warmsUpOnce whether only the first workload of a turn is preceded by a warm-up, or each
 */
record Plan(
        List<Mode> modes,
        List<Workload> workloads,
        List<Integer> guests,
        int rounds,
        Duration window,
        Duration warmup,
        boolean warmsUpOnce) {
    /** A mode is brought up once, and does all the workloads. */
    record Turn(int round, Mode mode, int guests) {
        String key(Workload workload) {
            return round + "/" + guests + "/" + mode.word() + "/" + workload.word();
        }
    }

    /** A B C, then B C A: what drifts on the machine drifts for all. */
    List<Turn> turns() {
        List<Turn> turns = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            List<Mode> turned = new ArrayList<>(modes);
            Collections.rotate(turned, 1 - round);
            for (int atOnce : guests) {
                for (Mode mode : turned) {
                    turns.add(new Turn(round, mode, atOnce));
                }
            }
        }
        return turns;
    }

    List<Workload> workloads(Mode mode) {
        return workloads.stream()
                .filter(workload -> workload.kind() == mode.kind())
                .toList();
    }
}
