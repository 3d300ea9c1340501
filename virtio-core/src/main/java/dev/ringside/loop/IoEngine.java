package dev.ringside.loop;

import dev.ringside.linux.Fd;

/** What an engine does for its loop; each method has the contract of its namesake in {@link DeviceLoop}. */
interface IoEngine {
    Watch watch(Fd fd, Interest interest, Runnable onReady);

    Notifier notifier(Fd fd);

    AsyncFile file(Fd fd, AsyncFile.Completion completion);

    void close();
}
