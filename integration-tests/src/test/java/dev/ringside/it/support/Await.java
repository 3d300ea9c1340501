package dev.ringside.it.support;

import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Waiting for what tells nobody when it happens, and so has to be looked at again and again. */
public final class Await {
    private static final long INTERVAL_MILLIS = 20;

    private Await() {}

    /**
     * Waits until a condition holds.
     *
     * @param what for the message
     * @throws AssertionError if it does not come to hold
     */
    public static void until(String what, Callable<Boolean> condition) throws Exception {
        until(() -> what, condition);
    }

    /**
     * Waits until a condition holds.
     *
     * @param what for the message, with what was seen last
     * @throws AssertionError if it does not come to hold
     */
    public static void until(Supplier<String> what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Patience.STEP.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still not so after " + Patience.STEP.toSeconds() + " s: " + what.get());
            }
            Thread.sleep(INTERVAL_MILLIS);
        }
    }
}
