package dev.ringside.bench.blk;

import dev.ringside.bench.blk.BlkCell.Polling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Our own, started as a user starts it. */
record Ringside(Tools tools, int pollMicros) implements Backend {
    @Override
    public String name() {
        return "ringside";
    }

    @Override
    public List<String> command(List<Disk> disks, Polling polling) {
        List<String> command = new ArrayList<>(List.of(tools.launcher("vhost-user-blk")));
        for (Disk disk : disks) {
            command.add("--device=socket-path=" + escaped(disk.socket().toString())
                    + ",blk-file="
                    + (disk.file() == null
                            ? "null:" + disk.bytes()
                            : escaped(disk.file().toString()))
                    + ",num-queues=" + disk.queues()
                    + (disk.direct() ? ",cache=none" : "")
                    + (disk.readOnly() ? ",read-only=on" : ""));
        }
        switch (polling) {
            case DEFAULT -> {}
            case OFF -> command.add("--poll-us=0");
            case OURS -> command.add("--poll-us=" + pollMicros);
        }
        return command;
    }

    /** A comma in a value is doubled, as for QEMU. */
    static String escaped(String value) {
        return value.replace(",", ",,");
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("RINGSIDE_NO_BUILD", "1");
    }

    @Override
    public boolean isJava() {
        return true;
    }
}
