package dev.ringside.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.measure.Metric;
import dev.ringside.bench.measure.Sample;
import org.junit.jupiter.api.Test;

class NoiseTest {
    private final Table table = new Table("test", "A test");

    @Test
    void whoseRunsOverlapWithTheBestsMayBeAsGood() {
        runs(Mode.VIRTIO, Figures.THROUGHPUT, 100, 110, 120);
        runs(Mode.QEMU_VIRTIO, Figures.THROUGHPUT, 90, 95, 100);
        runs(Mode.E1000, Figures.THROUGHPUT, 10, 11, 99);
        assertThat(noise(Mode.VIRTIO, Figures.THROUGHPUT)).isEqualTo(Noise.BEST);
        assertThat(noise(Mode.QEMU_VIRTIO, Figures.THROUGHPUT)).isEqualTo(Noise.WITHIN);
        assertThat(noise(Mode.E1000, Figures.THROUGHPUT)).isEqualTo(Noise.BEYOND);
    }

    @Test
    void ofLatenciesTheSmallestIsBest() {
        runs(Mode.VIRTIO, Figures.P50, 30, 40);
        runs(Mode.E1000, Figures.P50, 70, 80);
        assertThat(noise(Mode.VIRTIO, Figures.P50)).isEqualTo(Noise.BEST);
        assertThat(noise(Mode.E1000, Figures.P50)).isEqualTo(Noise.BEYOND);
    }

    @Test
    void oneRunSaysNothingAboutChance() {
        runs(Mode.VIRTIO, Figures.P50, 30, 40);
        runs(Mode.E1000, Figures.P50, 70);
        assertThat(noise(Mode.E1000, Figures.P50)).isEqualTo(Noise.UNKNOWN);
    }

    @Test
    void norDoesABestWithOneRun() {
        runs(Mode.VIRTIO, Figures.P50, 30);
        runs(Mode.E1000, Figures.P50, 70, 80);
        assertThat(noise(Mode.E1000, Figures.P50)).isEqualTo(Noise.UNKNOWN);
    }

    @Test
    void whoHasNoFigureIsNotJudged() {
        runs(Mode.VIRTIO, Figures.P50, 30, 40);
        runs(Mode.E1000, Figures.THROUGHPUT, 1, 2);
        assertThat(noise(Mode.E1000, Figures.P50)).isEqualTo(Noise.UNKNOWN);
        assertThat(noise(Mode.VIRTIO, Figures.P50)).isEqualTo(Noise.BEST);
        assertThat(noise(Mode.VIRTIO, Figures.P99)).isEqualTo(Noise.UNKNOWN);
    }

    private void runs(Mode mode, Metric metric, double... values) {
        table.modes().add(mode);
        for (double value : values) {
            table.add(cell(mode), new Sample().with(metric, value));
        }
    }

    private Noise noise(Mode mode, Metric metric) {
        return Noise.of(table, cell(mode), metric);
    }

    private static Table.Cell cell(Mode mode) {
        return new Table.Cell(mode, Workload.PING, 1);
    }
}
