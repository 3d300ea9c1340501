package dev.ringside.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.measure.Cell;
import dev.ringside.bench.measure.Target;
import org.junit.jupiter.api.Test;

class NetCellsTest {
    @Test
    void namesAreUnique() {
        assertThat(NetCells.all()).extracting(Cell::name).doesNotHaveDuplicates();
    }

    @Test
    void everyTargetHasItsCell() {
        assertThat(NetCells.all())
                .extracting(Cell::name)
                .containsAll(NetCells.targets().stream().map(Target::cell).toList());
    }

    @Test
    void whatTheBackendSaysAtItsEndIsAddedUpOverItsDevices() {
        Counts counts = Counts.of("""
                INFO  vhost-user-net switch: 60 frames (6000 bytes) to the guest, 40 (4000) from it, 3 and 0 dropped, 5 kicks, 1 calls
                INFO  vhost-user-net switch: 40 frames (4000 bytes) to the guest, 60 (6000) from it, 0 and 0 dropped, 5 kicks, 3 calls
                """);

        assertThat(counts).isEqualTo(new Counts(200, 10, 4));
        assertThat(counts.kicksPer1000()).isEqualTo(50);
        assertThat(counts.callsPer1000()).isEqualTo(20);
    }
}
