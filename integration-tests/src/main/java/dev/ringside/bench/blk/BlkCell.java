package dev.ringside.bench.blk;

import dev.ringside.bench.measure.Cell;

/** One cell of the block benchmark. */
sealed interface BlkCell extends Cell {

    /** What is behind the disk. */
    enum Storage {
        /** A file through the page cache, which holds all of it. */
        CACHED,
        /** A file past the page cache. */
        DIRECT,
        /** Nothing: the ceiling of the queue's machinery. */
        NULL
    }

    /** What the requests are; the names are the client's words. */
    enum Kind {
        READ,
        WRITE,
        RANDREAD,
        RANDWRITE;

        boolean writes() {
            return this == WRITE || this == RANDWRITE;
        }

        boolean isRandom() {
            return this == RANDREAD || this == RANDWRITE;
        }
    }

    /** Whether the backends look for work before they sleep. */
    enum Polling {
        /** As each is by default: both up to about 32 us, if that has paid. */
        DEFAULT,
        /** Not at all. */
        OFF,
        /** Ours with --poll-us, the peer not at all. */
        OURS
    }

    /** What else is asked of a run. */
    enum Purpose {
        FIGURES,
        /** The data are compared. */
        VERIFICATION,
        /** The bytes that Java allocates are counted. */
        ALLOCATION
    }

    /**
     * A load.
     *
     * @param depth requests in flight on each queue
     */
    record Load(
            String name,
            Storage storage,
            Kind kind,
            int blockBytes,
            int depth,
            int queues,
            Polling polling,
            Purpose purpose)
            implements BlkCell {

        /** For figures, with a name made of the rest. */
        static Load of(Storage storage, Kind kind, int blockBytes, int depth, int queues, Polling polling) {
            String name = (storage == Storage.NULL ? "null-" : "")
                    + (kind.isRandom() ? "" : "seq")
                    + (kind.writes() ? "write-" : "read-")
                    + blockBytes / 1024 + "k-d" + depth + "-q" + queues
                    + (storage == Storage.DIRECT ? "-direct" : "")
                    + switch (polling) {
                        case DEFAULT -> "";
                        case OFF -> "-nopoll";
                        case OURS -> "-poll";
                    };
            return new Load(name, storage, kind, blockBytes, depth, queues, polling, Purpose.FIGURES);
        }

        Load as(String newName, Purpose newPurpose) {
            return new Load(newName, storage, kind, blockBytes, depth, queues, polling, newPurpose);
        }

        @Override
        public String title() {
            return blockBytes / 1024 + " KiB " + (kind.isRandom() ? "random " : "sequential ")
                    + (kind.writes() ? "writes" : "reads") + ", depth " + depth
                    + (queues == 1 ? "" : " on each of " + queues + " queues")
                    + switch (storage) {
                        case CACHED -> ", page cache";
                        case DIRECT -> ", cache=none";
                        case NULL -> ", null backend";
                    }
                    + switch (polling) {
                        case DEFAULT -> "";
                        case OFF -> ", no polling";
                        case OURS -> ", ours polls, the peer does not";
                    }
                    + switch (purpose) {
                        case FIGURES -> "";
                        case VERIFICATION -> ", data verified";
                        case ALLOCATION -> ", allocation counted";
                    };
        }
    }

    /** From exec to a listening socket. */
    record Startup() implements BlkCell {
        @Override
        public String name() {
            return "startup";
        }

        @Override
        public String title() {
            return "from exec to a listening socket, launcher included, on all processors";
        }
    }

    /** The memory of a process with several disks that have been used. */
    record Footprint(int disks) implements BlkCell {
        @Override
        public String name() {
            return "memory-" + disks + "-disks";
        }

        @Override
        public String title() {
            return "resident memory with " + disks + " disks, after 4 KiB random reads at depth 32 on each";
        }
    }
}
