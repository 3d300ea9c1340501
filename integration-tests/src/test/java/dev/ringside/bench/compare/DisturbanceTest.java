package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.measure.Sample;
import org.junit.jupiter.api.Test;

class DisturbanceTest {
    private final Table table = new Table("test", "A test");

    @Test
    void runsAreToldWhoseTimesMeanLittle() {
        runs(0.02, 1.5, 0.04, 0.3);
        assertThat(Disturbance.summary(table)).contains("0.17 processors in the median run, 1.50 in the worst");
        assertThat(Disturbance.warning(table)).get().asString().contains("in 2 of 4 runs");
    }

    @Test
    void aQuietMachineNeedsNoWarning() {
        runs(0.02, 0.1);
        assertThat(Disturbance.summary(table)).contains("0.06 processors in the median run, 0.10 in the worst");
        assertThat(Disturbance.warning(table)).isEmpty();
    }

    @Test
    void whatNobodyHasCountedIsNotTold() {
        table.add(new Table.Cell(Mode.VIRTIO, Workload.PING, 1), new Sample().with(Figures.P50, 3));
        assertThat(Disturbance.summary(table)).isEmpty();
        assertThat(Disturbance.warning(table)).isEmpty();
    }

    private void runs(double... others) {
        for (double processors : others) {
            table.add(new Table.Cell(Mode.VIRTIO, Workload.PING, 1), new Sample().with(Figures.OTHERS, processors));
        }
    }
}
