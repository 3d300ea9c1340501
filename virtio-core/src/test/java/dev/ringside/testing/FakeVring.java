package dev.ringside.testing;

import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import dev.ringside.linux.Poll;
import dev.ringside.testing.FakeDriver.Used;
import java.time.Duration;

/** One vring as a front-end knows it: a driver, three eventfds, and the messages that tell the back-end of them. */
public final class FakeVring implements AutoCloseable {
    private final FakeFrontEnd frontEnd;
    private final int index;
    private FakeDriver driver;
    private final Fd kick;
    private final Fd call;
    private final Fd err;

    FakeVring(FakeFrontEnd frontEnd, int index, FakeDriver driver) {
        this.frontEnd = frontEnd;
        this.index = index;
        this.driver = driver;
        try {
            kick = EventFd.create();
            call = EventFd.create();
            err = EventFd.create();
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
    }

    public int index() {
        return index;
    }

    public FakeDriver driver() {
        return driver;
    }

    /** Another driver: the guest's firmware has handed over to its kernel, say. */
    void handOverTo(FakeDriver next) {
        driver = next;
    }

    /** The driver, to break something. */
    public SplitDriver splitDriver() {
        return (SplitDriver) driver;
    }

    /** The driver, to break something. */
    public PackedDriver packedDriver() {
        return (PackedDriver) driver;
    }

    public Fd kickFd() {
        return kick;
    }

    public Fd callFd() {
        return call;
    }

    public Fd errFd() {
        return err;
    }

    /** All that comes before the kick descriptor. */
    public FakeVring configure() {
        return configure(driver.base());
    }

    /** The same, to begin somewhere else than where the driver stands. */
    public FakeVring configure(int base) {
        frontEnd.setVringNum(index, driver.size());
        frontEnd.setVringBase(index, base);
        frontEnd.setVringAddr(index, driver.address());
        frontEnd.setVringCall(index, call);
        frontEnd.setVringErr(index, err);
        return this;
    }

    /** Starts the vring, by its kick descriptor. */
    public FakeVring start() {
        frontEnd.setVringKick(index, kick);
        return this;
    }

    public FakeVring enable() {
        frontEnd.setVringEnable(index, true);
        return this;
    }

    public FakeVring disable() {
        frontEnd.setVringEnable(index, false);
        return this;
    }

    /** All of it: the vring works from here on. */
    public FakeVring run() {
        return configure().start().enable();
    }

    /** Stops the vring. Returns the base to resume from. */
    public int stop() {
        return frontEnd.getVringBase(index);
    }

    /** Kicks, whether the device wants it or not. */
    public void kick() {
        EventFd.signal(kick);
    }

    /** The next used element, for which the driver waits as drivers do: asks for a call, looks, waits for the call. */
    public Used awaitUsed() {
        while (true) {
            Used used = driver.takeUsed();
            if (used != null) {
                return used;
            }
            driver.armCalls();
            used = driver.takeUsed();
            if (used != null) {
                return used;
            }
            if (!Poll.readable(call, FakeFrontEnd.DEADLINE)) {
                throw new AssertionError("no call within " + FakeFrontEnd.DEADLINE);
            }
            Poll.takeCount(call);
        }
    }

    /** Whether there was a call since the last time that one was waited for or asked about. */
    public boolean wasCalled() {
        return Poll.takeCount(call) > 0;
    }

    /** Waits for the back-end to say that the vring is broken. */
    public void awaitErr() {
        if (!Poll.readable(err, FakeFrontEnd.DEADLINE)) {
            throw new AssertionError("no err signal within " + FakeFrontEnd.DEADLINE);
        }
        Poll.takeCount(err);
    }

    /** Whether the back-end has said so. */
    public boolean hasErr() {
        return Poll.readable(err, Duration.ZERO);
    }

    /** Offers a chain, kicks and waits until it is used. */
    public Used roundTrip(ChainBuilder chain) {
        FakeChain offered = chain.offer();
        kick();
        Used used = awaitUsed();
        if (used.id() != offered.id()) {
            throw new AssertionError("chain %d came back for %d".formatted(used.id(), offered.id()));
        }
        return used;
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
    }
}
