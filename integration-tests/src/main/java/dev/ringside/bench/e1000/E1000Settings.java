package dev.ringside.bench.e1000;

import dev.ringside.bench.host.Processors;
import java.time.Duration;

/**
 * How runs are made.
 *
 * @param processors the backend's, which the host's end of the TAP shares, and the guest's
 * @param warmup before the window: time for the just-in-time compiler, for one
 * @param window what is measured
 * @param accelerator of the guests: kvm or tcg
 * @param pollMicros of ours, where it polls
 */
record E1000Settings(Processors processors, Duration warmup, Duration window, String accelerator, int pollMicros) {}
