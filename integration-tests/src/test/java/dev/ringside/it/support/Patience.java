package dev.ringside.it.support;

import java.time.Duration;

/** How long to wait for what should happen at once, on a machine that is busy, before the wait is a failure. */
final class Patience {
    /** For one step of a process. */
    static final Duration STEP = Duration.ofMinutes(1);

    /** For a guest's boot and for a guest's command; an emulated one boots in 3 s on an idle machine. */
    static final Duration GUEST = Duration.ofMinutes(3);

    private Patience() {}
}
