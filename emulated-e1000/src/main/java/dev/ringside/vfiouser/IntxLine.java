package dev.ringside.vfiouser;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Interest;
import dev.ringside.loop.Notifier;
import dev.ringside.loop.Watch;
import org.jspecify.annotations.Nullable;

/**
 * INTA# of the function, as VFIO presents it: a level that arrives as single signals. Each signal masks the line (VFIO's
 * "automasked"); when the client unmasks it, after the guest has served the device or at a guess, a line that is still
 * asserted signals again. Used on the session's loop.
 */
final class IntxLine {
    private final DeviceLoop loop;
    private final VfioUserStats stats;
    private @Nullable Notifier trigger;
    private @Nullable Fd triggerFd;
    private @Nullable Fd resample;
    private @Nullable Watch resampleWatch;
    private boolean asserted;
    private boolean masked;

    IntxLine(DeviceLoop loop, VfioUserStats stats) {
        this.loop = loop;
        this.stats = stats;
    }

    /** Drives the line. */
    void level(boolean level) {
        asserted = level;
        signalIfDue();
    }

    /** Replaces what is signalled; taken over. The line becomes unmasked. */
    void trigger(@Nullable Fd fd) {
        if (trigger != null && triggerFd != null) {
            trigger.close(triggerFd::close);
        }
        triggerFd = fd;
        trigger = fd == null ? null : loop.notifier(fd);
        masked = false;
        signalIfDue();
    }

    /** Replaces the eventfd by which the client unmasks the line without a message; taken over. */
    void resample(@Nullable Fd fd) {
        Fd before = resample;
        if (resampleWatch != null && before != null) {
            resampleWatch.close(before::close);
            resampleWatch = null;
        }
        resample = fd;
        if (fd != null) {
            resampleWatch = loop.watch(fd, Interest.READ, () -> resampled(fd));
        }
    }

    private void resampled(Fd fd) {
        if (fd.isOpen()) {
            EventFd.drain(fd);
            unmask();
        }
    }

    void mask() {
        masked = true;
    }

    void unmask() {
        masked = false;
        signalIfDue();
    }

    /** Signals once, whatever the level is: the client tests the way. */
    void signal() {
        if (trigger != null) {
            stats.interrupt();
            trigger.signal();
        }
    }

    private void signalIfDue() {
        if (asserted && !masked && trigger != null) {
            masked = true;
            signal();
        }
    }

    /** Nothing is signalled, and nothing unmasks without a message. */
    void disconnect() {
        trigger(null);
        resample(null);
    }
}
