package dev.ringside.blk;

import dev.ringside.loop.DeviceLoop;
import java.util.concurrent.TimeUnit;

/**
 * Notices that a disk has grown or shrunk, by looking every second. That is one system call; inotify would report each
 * write of our own.
 *
 * <p>On file systems that others answer for (NFS, FUSE) the call may take for ever, and is made by a thread of its own: the
 * loop has other disks.
 */
final class SizeWatch {
    private static final long SECONDS = 1;

    private SizeWatch() {}

    /** Watches for as long as the loop runs. */
    static void start(BlockDevice device, DeviceLoop loop) {
        if (device.mayWaitForOthers()) {
            Thread.ofPlatform().daemon().name("size of " + device.name()).start(() -> watchAlone(device));
        } else {
            watch(device, loop);
        }
    }

    private static void watch(BlockDevice device, DeviceLoop loop) {
        loop.schedule(
                () -> {
                    device.refreshSize();
                    watch(device, loop);
                },
                SECONDS,
                TimeUnit.SECONDS);
    }

    private static void watchAlone(BlockDevice device) {
        try {
            while (true) {
                TimeUnit.SECONDS.sleep(SECONDS);
                device.refreshSize();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
