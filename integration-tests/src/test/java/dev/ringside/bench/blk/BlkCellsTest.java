package dev.ringside.bench.blk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.bench.blk.BlkCell.Kind;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import dev.ringside.bench.blk.BlkCell.Storage;
import dev.ringside.bench.measure.Cell;
import dev.ringside.bench.measure.Target;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlkCellsTest {
    private static final Tools TOOLS = new Tools(Path.of("/repository"), Path.of("/lab"), Path.of("/client"));

    @Test
    void namesAreUnique() {
        assertThat(BlkCells.all()).extracting(Cell::name).doesNotHaveDuplicates();
    }

    @Test
    void everyTargetHasItsCell() {
        assertThat(BlkCells.all())
                .extracting(Cell::name)
                .containsAll(BlkCells.targets().stream().map(Target::cell).toList());
    }

    @Test
    void thePeerIsSparedWhatHangsItAndOursIsNot() {
        QemuStorageDaemon peer = new QemuStorageDaemon(TOOLS);

        assertThat(peer.excuse(load(32, 4))).isEmpty();
        assertThat(peer.excuse(load(128, 1))).isEmpty();
        assertThat(peer.excuse(load(64, 4))).isPresent();
        assertThat(new Ringside(TOOLS, 100).excuse(load(128, 4))).isEmpty();
    }

    @Test
    void commasInPathsAreDoubled() {
        Disk disk = new Disk(Path.of("/a,b.sock"), Path.of("/c,d"), 1 << 20, false, false, 2);

        assertThat(new Ringside(TOOLS, 100).command(List.of(disk), Polling.OFF))
                .containsExactly(
                        "/repository/scripts/vhost-user-blk",
                        "--device=socket-path=/a,,b.sock,blk-file=/c,,d,num-queues=2",
                        "--poll-us=0");
        assertThat(new QemuStorageDaemon(TOOLS).command(List.of(disk), Polling.OFF))
                .anyMatch(word -> word.endsWith("filename=/c,,d"))
                .anyMatch(word -> word.endsWith("addr.path=/a,,b.sock"))
                .contains("iothread,id=io,poll-max-ns=0");
    }

    private static Load load(int depth, int queues) {
        return Load.of(Storage.CACHED, Kind.RANDREAD, 4096, depth, queues, Polling.DEFAULT);
    }
}
