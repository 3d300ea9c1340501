package dev.ringside.device;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Notifier;
import dev.ringside.loop.Watch;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The eventfds of a queue: kicks from its driver, calls to it, and errors, which the front-end hears of. All are borrowed
 * until it says that they are released. Used on the queue's loop.
 */
final class QueueSignals {
    private final DeviceLoop loop;
    private final QueueStats stats;
    private @Nullable Watch kick;
    private @Nullable Notifier call;
    private @Nullable Fd err;

    QueueSignals(DeviceLoop loop, QueueStats stats) {
        this.loop = loop;
        this.stats = stats;
    }

    /** Has {@code kicked} run at each kick from here on. */
    void attachKick(Fd fd, Runnable kicked) {
        kick = loop.watch(fd, Interest.READ, () -> {
            stats.kicks.increment();
            kicked.run();
        });
    }

    boolean hasKick() {
        return kick != null;
    }

    /** Watches for kicks no more; completed when their eventfd is released. */
    CompletableFuture<Void> detachKick() {
        CompletableFuture<Void> released = new CompletableFuture<>();
        Watch watch = kick;
        kick = null;
        if (watch == null) {
            released.complete(null);
        } else {
            watch.close(() -> released.complete(null));
        }
        return released;
    }

    /** Calls through another eventfd, or none, from here on; completed when the one before is released. */
    CompletableFuture<Void> replaceCall(@Nullable Fd fd) {
        CompletableFuture<Void> released = new CompletableFuture<>();
        Notifier before = call;
        call = fd == null ? null : loop.notifier(fd);
        if (before == null) {
            released.complete(null);
        } else {
            before.close(() -> released.complete(null));
        }
        return released;
    }

    /** Calls the driver, if there is a way to. */
    void call() {
        Notifier notifier = call;
        if (notifier != null) {
            stats.calls.increment();
            notifier.signal();
        }
    }

    /** Tells of errors through this eventfd from here on; {@code null} for not at all. */
    void replaceErr(@Nullable Fd fd) {
        err = fd;
    }

    /** Tells the front-end that the ring is broken. */
    void err() {
        if (err != null) {
            EventFd.signal(err);
        }
    }
}
