package dev.ringside.bench.blk;

import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.blk.BlkCell.Polling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The peer: qemu-storage-daemon's vhost-user-blk export with io_uring in an I/O thread of its own. */
record QemuStorageDaemon(Tools tools) implements Backend {
    /** Of 11.1.3: with aio=io_uring and several queues it hangs somewhere between this and 256. */
    private static final int MOST_IN_FLIGHT = 128;

    @Override
    public String name() {
        return "qemu";
    }

    @Override
    public List<String> command(List<Disk> disks, Polling polling) {
        List<String> command = new ArrayList<>(List.of(
                tools.labProgram("qemu-storage-daemon"),
                "--object",
                "iothread,id=io" + (polling == Polling.DEFAULT ? "" : ",poll-max-ns=0")));
        for (int i = 0; i < disks.size(); i++) {
            Disk disk = disks.get(i);
            command.addAll(List.of(
                    "--blockdev",
                    disk.file() == null
                            ? "driver=null-co,node-name=disk" + i + ",size=" + disk.bytes() + ",read-zeroes=off"
                            : "driver=file,node-name=disk" + i + ",aio=io_uring,cache.direct="
                                    + (disk.direct() ? "on" : "off") + ",read-only=" + (disk.readOnly() ? "on" : "off")
                                    + ",filename="
                                    + Ringside.escaped(disk.file().toString()),
                    "--export",
                    "type=vhost-user-blk,id=export" + i + ",node-name=disk" + i + ",iothread=io,num-queues="
                            + disk.queues() + ",writable=" + (disk.readOnly() ? "off" : "on")
                            + ",addr.type=unix,addr.path="
                            + Ringside.escaped(disk.socket().toString())));
        }
        return command;
    }

    @Override
    public Optional<String> excuse(Load load) {
        return load.queues() > 1 && load.queues() * load.depth() > MOST_IN_FLIGHT
                ? Optional.of("left out: it hangs with more than " + MOST_IN_FLIGHT + " requests in several queues")
                : Optional.empty();
    }
}
