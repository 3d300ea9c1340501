package dev.ringside.queue;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The steps at which driver and device meet, each tried against the other's on another processor, as often as possible:
 * what is shown is whole, and whoever goes to sleep is woken (virtio 1.2 §2.7.13, §2.8.21). Run by {@code ./mvnw -Pstress
 * -pl virtio-core test-compile exec:exec}.
 */
@SuppressWarnings("this-escape") // nothing extends these, and jcstress wants classes that are not final
public final class RingRaces {
    private RingRaces() {}

    /** A chain that is made available is seen whole or not at all. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "24", expect = Expect.ACCEPTABLE, desc = "seen whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen in part")
    @State
    public static class SplitAvailable extends RingRace {
        public SplitAvailable() {
            super(false);
        }

        @Actor
        public void driver() {
            offer();
        }

        @Actor
        public void device(J_Result seen) {
            seen.r1 = take();
        }
    }

    /** A chain that is used is seen whole or not at all. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "seen whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen in part")
    @State
    public static class SplitUsed extends RingRace {
        public SplitUsed() {
            super(false);
            offer();
            take();
        }

        @Actor
        public void device() {
            use();
            queue.publish();
        }

        @Actor
        public void driver(J_Result seen) {
            seen.r1 = reap();
        }
    }

    /** The device goes to sleep while the driver makes a chain available: one of them notices. */
    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "the device sleeps, and nobody kicks it")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "the device stays awake, or is kicked, or both")
    @State
    public static class SplitKick extends RingRace {
        public SplitKick() {
            super(false);
            prepareKick();
        }

        @Actor
        public void device(ZZ_Result noticed) {
            noticed.r1 = armKicks();
        }

        @Actor
        public void driver(ZZ_Result noticed) {
            driver.publish();
            noticed.r2 = driver.wantsKick();
        }
    }

    /** The driver goes to sleep while the device shows that a chain is used: one of them notices. */
    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "the driver sleeps, and nobody calls it")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "the driver stays awake, or is called, or both")
    @State
    public static class SplitCall extends RingRace {
        public SplitCall() {
            super(false);
            prepareCall();
        }

        @Actor
        public void device(ZZ_Result noticed) {
            noticed.r1 = queue.publish();
        }

        @Actor
        public void driver(ZZ_Result noticed) {
            driver.armCalls();
            noticed.r2 = reap() != 0;
        }
    }

    /** A chain that is made available is seen whole or not at all. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "24", expect = Expect.ACCEPTABLE, desc = "seen whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen in part")
    @State
    public static class PackedAvailable extends RingRace {
        public PackedAvailable() {
            super(true);
        }

        @Actor
        public void driver() {
            offer();
        }

        @Actor
        public void device(J_Result seen) {
            seen.r1 = take();
        }
    }

    /** A chain that is used is seen whole or not at all. */
    @JCStressTest
    @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not seen yet")
    @Outcome(id = "7", expect = Expect.ACCEPTABLE, desc = "seen whole")
    @Outcome(expect = Expect.FORBIDDEN, desc = "seen in part")
    @State
    public static class PackedUsed extends RingRace {
        public PackedUsed() {
            super(true);
            offer();
            take();
        }

        @Actor
        public void device() {
            use();
            queue.publish();
        }

        @Actor
        public void driver(J_Result seen) {
            seen.r1 = reap();
        }
    }

    /** The device goes to sleep while the driver makes a chain available: one of them notices. */
    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "the device sleeps, and nobody kicks it")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "the device stays awake, or is kicked, or both")
    @State
    public static class PackedKick extends RingRace {
        public PackedKick() {
            super(true);
            prepareKick();
        }

        @Actor
        public void device(ZZ_Result noticed) {
            noticed.r1 = armKicks();
        }

        @Actor
        public void driver(ZZ_Result noticed) {
            driver.publish();
            noticed.r2 = driver.wantsKick();
        }
    }

    /** The driver goes to sleep while the device shows that a chain is used: one of them notices. */
    @JCStressTest
    @Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "the driver sleeps, and nobody calls it")
    @Outcome(expect = Expect.ACCEPTABLE, desc = "the driver stays awake, or is called, or both")
    @State
    public static class PackedCall extends RingRace {
        public PackedCall() {
            super(true);
            prepareCall();
        }

        @Actor
        public void device(ZZ_Result noticed) {
            noticed.r1 = queue.publish();
        }

        @Actor
        public void driver(ZZ_Result noticed) {
            driver.armCalls();
            noticed.r2 = reap() != 0;
        }
    }
}
