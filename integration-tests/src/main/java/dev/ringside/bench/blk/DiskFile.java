package dev.ringside.bench.blk;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Storage;
import java.nio.file.Path;

/**
 * The file that all contenders serve, and its state: whole, clean, and in the page cache in folios of one size, or not in
 * the page cache at all. It is written anew when a run may have changed that, so every run starts from the same state.
 */
final class DiskFile {
    private static final String UNCACHED = "none";

    private final Path path;
    private final String folios;
    private final BlkClient client;
    private String state = "";

    /** @param folios small or large */
    DiskFile(Path path, String folios, BlkClient client) {
        this.path = path;
        this.folios = folios;
        this.client = client;
    }

    Path path() {
        return path;
    }

    /** Before every run. */
    void prepareFor(BlkCell cell) throws BenchException, InterruptedException {
        boolean writes = cell instanceof Load load && load.kind().writes();
        if ((cell instanceof Load load && load.storage() == Storage.NULL) || cell instanceof BlkCell.Startup) {
            return;
        }
        String wanted = cell instanceof Load load && load.storage() == Storage.DIRECT ? UNCACHED : folios;
        client.prepare(path, wanted, wanted.equals(state));
        state = writes ? "" : wanted;
    }
}
