package dev.ringside.link;

import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Pollable;

/**
 * Work that goes on in the loop's next turn: what others have to do comes between, and what was done so far is made
 * visible. A task handed to {@link DeviceLoop#execute} would run before this turn ends. Used on the loop only.
 */
final class NextTurn implements Pollable {
    private final DeviceLoop loop;
    private final Runnable work;
    private boolean wanted;
    private boolean active;

    /**
     * @param loop whose thread is the caller
     * @param work a bounded amount of it; harmless when there is none
     */
    NextTurn(DeviceLoop loop, Runnable work) {
        this.loop = loop;
        this.work = work;
        loop.attach(this);
    }

    /** Asks for the work to go on, once. */
    void ask() {
        wanted = true;
        if (!active) {
            active = true;
            loop.activate(this);
        }
    }

    /** Whether the work is going to go on by itself. */
    boolean isAsked() {
        return wanted;
    }

    @Override
    public boolean poll() {
        if (!wanted) {
            return false;
        }
        wanted = false;
        work.run();
        return true;
    }

    @Override
    public void wake() {
        ask();
    }

    @Override
    public boolean arm() {
        if (wanted) {
            return false;
        }
        active = false;
        return true;
    }

    /** The work is over for good. */
    void close() {
        wanted = false;
        active = false;
        loop.detach(this);
    }
}
