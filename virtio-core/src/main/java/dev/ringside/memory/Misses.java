package dev.ringside.memory;

import org.jspecify.annotations.Nullable;

/**
 * The translations that were missed in one go, through a chain or a ring. After the first one, the rest of what is needed is
 * looked through as well, and all that is missing there asked for at once: a front-end answers many questions that wait for
 * it in far less time than one after the other.
 *
 * <p>Not thread-safe. Addresses are I/O virtual; any {@code long} is allowed.
 */
public final class Misses {
    /** Pages that are looked at in one go, behind the first one that is missing: what is left comes in the next. */
    private static final int MOST = 64;

    private final Iotlb iotlb;
    private int looks;
    private Iotlb.@Nullable Miss last;
    /** The end of the page that was asked for last, and what for. */
    private long lastEnd;

    private int lastAccess;

    public Misses(Iotlb iotlb) {
        this.iotlb = iotlb;
    }

    /** Begins anew. */
    public void begin() {
        looks = 0;
        last = null;
    }

    /** The translation that was asked for last, and is to be waited for; {@code null} if none is missing. */
    public Iotlb.@Nullable Miss last() {
        return last;
    }

    /**
     * Asks for a translation that was not found. It may have come meanwhile: it is asked for all the same, since there has to
     * be an answer to wait for.
     *
     * @param bytes of the range that is needed, from there; above 0
     * @param access {@link Iotlb#READ}, {@link Iotlb#WRITE} or both
     */
    public void add(long address, long bytes, int access) {
        long page = ask(address, access);
        if (page < bytes) {
            lookAhead(address + page, bytes - page, access);
        }
    }

    /** Looks through a range that is needed too, and asks for what is missing there. Parameters as of {@link #add}. */
    public void lookAhead(long address, long bytes, int access) {
        long at = address;
        long rest = bytes;
        while (looks++ < MOST && !iotlb.hasManyUnanswered()) {
            long step = step(at, access);
            if (step >= rest) {
                return;
            }
            at += step;
            rest -= step;
        }
    }

    /** Returns how far what is known, or asked for, of an address goes. */
    private long step(long at, int access) {
        if (last != null && access == lastAccess && at >= last.address() && at < lastEnd) {
            return lastEnd - at;
        }
        Iotlb.Entry known = iotlb.find(at, access);
        return known != null ? known.last() - at + 1 : ask(at, access);
    }

    /** Returns how far the answer may go. A guess: if it goes less far, that is found out the next time. */
    private long ask(long address, int access) {
        last = iotlb.ask(address, access);
        lastAccess = access;
        long page = iotlb.lastBytes();
        long step = page - Math.floorMod(address, page);
        lastEnd = address + step;
        return step;
    }
}
