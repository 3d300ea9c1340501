package dev.ringside.blk;

import dev.ringside.loop.DeviceLoop;
import java.util.concurrent.TimeUnit;

/**
 * Notices that a disk has grown or shrunk, by looking every second. That is one system call; inotify would report each
 * write of our own.
 */
final class SizeWatch {
    private static final long SECONDS = 1;

    private SizeWatch() {}

    /** Watches for as long as the loop runs. */
    static void start(BlockDevice device, DeviceLoop loop) {
        loop.schedule(
                () -> {
                    device.refreshSize();
                    start(device, loop);
                },
                SECONDS,
                TimeUnit.SECONDS);
    }
}
