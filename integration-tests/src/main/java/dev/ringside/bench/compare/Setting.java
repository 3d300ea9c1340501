package dev.ringside.bench.compare;

import dev.ringside.bench.guest.Settings;
import dev.ringside.bench.guest.Tools;
import dev.ringside.bench.host.Children;
import dev.ringside.bench.host.Workspace;

/**
 * What all runs of a comparison share.
 *
 * @param diskMebibytes the size of the guest's disk, where it is a file
 */
record Setting(Tools tools, Workspace workspace, Settings settings, Hardware hardware, int diskMebibytes) {
    Children children() {
        return workspace.children();
    }

    /** The back-end's processor; null when several guests share the machine, which the scheduler then divides. */
    @org.jspecify.annotations.Nullable
    Integer backendProcessor(int guests) {
        return guests == 1 ? settings.processors().backend() : null;
    }
}
