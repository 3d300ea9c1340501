package dev.ringside.bench.guest;

import dev.ringside.bench.host.Processors;
import java.time.Duration;

/**
 * How runs are made.
 *
 * @param processors the backend's, which the host's end of a TAP shares, and that of the guest or the generator
 * @param warmup before the window: time for the just-in-time compiler, for one
 * @param window what is measured
 * @param accelerator of the guests: kvm or tcg
 */
public record Settings(Processors processors, Duration warmup, Duration window, String accelerator) {}
