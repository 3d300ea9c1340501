package dev.ringside.bench.blk;

import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A program that serves disks over vhost-user. */
interface Backend {
    /** One word. */
    String name();

    /** Its command line. */
    List<String> command(List<Disk> disks, Polling polling);

    /** What its environment needs. */
    default Map<String, String> environment() {
        return Map.of();
    }

    /** Why it cannot bear a load. */
    default Optional<String> excuse(Load load) {
        return Optional.empty();
    }

    /** Whether it is Java's, so that allocation can be counted. */
    default boolean isJava() {
        return false;
    }
}
