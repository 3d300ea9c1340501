package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.compare.Plan.Turn;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final List<Mode> MODES = List.of(Mode.E1000, Mode.VIRTIO, Mode.QEMU_AHCI);

    @Test
    void eachRoundBeginsWithTheNextMode() {
        assertThat(plan(List.of(1), 4).turns())
                .extracting(Turn::mode)
                .containsExactly(
                        Mode.E1000,
                        Mode.VIRTIO,
                        Mode.QEMU_AHCI,
                        Mode.VIRTIO,
                        Mode.QEMU_AHCI,
                        Mode.E1000,
                        Mode.QEMU_AHCI,
                        Mode.E1000,
                        Mode.VIRTIO,
                        Mode.E1000,
                        Mode.VIRTIO,
                        Mode.QEMU_AHCI);
    }

    @Test
    void eachModeHasATurnInEachRoundWithEachNumberOfGuests() {
        List<Turn> turns = plan(List.of(1, 2, 4), 3).turns();
        assertThat(turns).hasSize(3 * 3 * MODES.size());
        assertThat(new HashSet<>(turns)).hasSameSizeAs(turns);
    }

    @Test
    void keysTellTurnsApart() {
        Plan plan = plan(List.of(1, 11), 11);
        List<String> keys = plan.turns().stream()
                .flatMap(turn -> plan.workloads(turn.mode()).stream().map(turn::key))
                .toList();
        assertThat(new HashSet<>(keys)).hasSameSizeAs(keys);
        assertThat(keys).contains("1/11/e1000/ping", "11/1/e1000/ping");
    }

    @Test
    void aModeDoesTheWorkOfItsKind() {
        Plan plan = plan(List.of(1), 1);
        assertThat(plan.workloads(Mode.VIRTIO)).containsExactly(Workload.PING, Workload.TCP_OUT);
        assertThat(plan.workloads(Mode.QEMU_AHCI)).containsExactly(Workload.FSYNC);
    }

    private static Plan plan(List<Integer> guests, int rounds) {
        return new Plan(
                MODES,
                List.of(Workload.PING, Workload.FSYNC, Workload.TCP_OUT),
                guests,
                rounds,
                Duration.ofSeconds(1),
                Duration.ZERO,
                false);
    }
}
