package dev.ringside.vhostuser;

import dev.ringside.testing.FakeIommu;
import dev.ringside.testing.FakeMemory;
import dev.ringside.testing.VhostUser;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A guest's memory, and what its device may do with each byte of it, as far as the front-end has told: a translation counts
 * from before it is sent until an invalidation of it has been answered. (A device may forget one sooner, or go on with one
 * that another has been put in place of; neither is wrong.)
 *
 * <p>Bytes that may not be written must not change. Pages that may neither be read nor written hold secrets, each another one:
 * whoever finds one elsewhere knows that it was read. The fuzzer does not watch this class (scripts/lib/fuzz/targets.sh): it
 * would learn the secrets, and count branches that are not the device's.
 */
final class IommuModel {
    static final int FIRST_PAGES = 16;
    static final int MORE_PAGES = 4;
    /** Of both regions, which adjoin for the front-end and are two mappings for the device. */
    static final int PAGES = FIRST_PAGES + MORE_PAGES;

    private static final int PAGE = FakeIommu.PAGE;
    private static final int FIRST_BYTES = FIRST_PAGES * PAGE;
    private static final int BYTES = PAGES * PAGE;
    /** Pages below have rings in them, which a secret would end. */
    private static final int FIRST_SECRET_PAGE = 4;

    /** The last 16 bits of each secret; the others are random, so that a driver does not write one by chance. */
    private static final long MARK = 0x5ec7;

    private static final long MARK_BITS = 0xffff;

    private static final ValueLayout.OfLong SECRET_LAYOUT =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** I/O virtual addresses, and where they lead. */
    private record Grant(long first, long last, long userAddress, int access) {}

    private final MemorySegment first;
    private final MemorySegment second;
    private final MemorySegment shadow = MemorySegment.ofArray(new byte[BYTES]);
    private final MemorySegment now = MemorySegment.ofArray(new byte[BYTES]);
    private final List<Grant> grants = new ArrayList<>();
    private boolean hasSecondRegion;
    private BitSet readable = new BitSet(BYTES);
    private BitSet writable = new BitSet(BYTES);

    /** By page: what fills it and is to be found nowhere else, 0 for nothing. */
    private final long[] secrets = new long[PAGES];

    private SplittableRandom random = new SplittableRandom(1);

    IommuModel(FakeMemory memory) {
        first = memory.regions().get(0).mapping().memory();
        second = memory.regions().get(1).mapping().memory();
    }

    /** Nothing is permitted, and nothing is known. */
    void begin() {
        grants.clear();
        hasSecondRegion = true;
        random = new SplittableRandom(1);
        Arrays.fill(secrets, 0);
        readable.clear();
        writable.clear();
        first.fill((byte) 0);
        second.fill((byte) 0);
        shadow.fill((byte) 0);
        keepSecrets();
    }

    boolean hasSecondRegion() {
        return hasSecondRegion;
    }

    /** The driver stores a little-endian value at an offset in its memory, of so many bytes. */
    void put(int offset, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            byte part = (byte) (value >>> (8 * i));
            int at = offset + i;
            // Whoever writes into a secret gives it up.
            secrets[at / PAGE] = 0;
            shadow.set(ValueLayout.JAVA_BYTE, at, part);
            regionAt(at).set(ValueLayout.JAVA_BYTE, at < FIRST_BYTES ? at : at - FIRST_BYTES, part);
        }
    }

    private MemorySegment regionAt(int offset) {
        return offset < FIRST_BYTES ? first : second;
    }

    /**
     * The front-end is about to tell a translation.
     *
     * @return whether it makes sense; nothing is permitted otherwise
     */
    boolean grant(long address, long size, long userAddress, int access) {
        if (address < 0
                || userAddress < 0
                || size <= 0
                || size > Long.MAX_VALUE - Math.max(address, userAddress)
                || access < 1
                || access > VhostUser.ACCESS_RW) {
            return false;
        }
        grants.add(new Grant(address, address + size - 1, userAddress, access));
        recompute();
        return true;
    }

    /** An invalidation has been answered. */
    void revoke(long address, long size) {
        if (address < 0 || size <= 0) {
            grants.clear();
        } else {
            long last = address > Long.MAX_VALUE - size ? Long.MAX_VALUE : address + size - 1;
            List<Grant> before = List.copyOf(grants);
            grants.clear();
            for (Grant grant : before) {
                cut(grant, address, last);
            }
        }
        settle();
    }

    /** What is left of a translation. */
    private void cut(Grant grant, long from, long to) {
        if (grant.first() < from) {
            long last = Math.min(grant.last(), from - 1);
            grants.add(new Grant(grant.first(), last, grant.userAddress(), grant.access()));
        }
        if (grant.last() > to) {
            long begin = Math.max(grant.first(), to + 1);
            grants.add(new Grant(begin, grant.last(), grant.userAddress() + (begin - grant.first()), grant.access()));
        }
    }

    /** The session is over. */
    void end() {
        grants.clear();
        settle();
        for (int page = 0; page < PAGES; page++) {
            lookForSecrets(page);
        }
    }

    /** The second region is about to be there, or is no longer. */
    void secondRegion(boolean there) {
        hasSecondRegion = there;
        settle();
    }

    /**
     * Fails if anything has changed that must not, and takes note of what may change from now on: what has been revoked no
     * longer.
     */
    void settle() {
        MemorySegment.copy(first, 0, now, 0, FIRST_BYTES);
        MemorySegment.copy(second, 0, now, FIRST_BYTES, BYTES - FIRST_BYTES);
        for (int from = 0; from < BYTES; ) {
            boolean mayChange = writable.get(from);
            int end = mayChange ? writable.nextClearBit(from) : writable.nextSetBit(from);
            int to = end < 0 ? BYTES : Math.min(end, BYTES);
            if (mayChange) {
                MemorySegment.copy(now, from, shadow, from, to - from);
            } else {
                long wrong = MemorySegment.mismatch(now, from, to, shadow, from, to);
                if (wrong >= 0) {
                    throw new AssertionError("the byte at %#x was written without permission".formatted(from + wrong));
                }
            }
            from = to;
        }
        recompute();
        keepSecrets();
    }

    private void recompute() {
        readable = permitted(VhostUser.ACCESS_RO);
        writable = permitted(VhostUser.ACCESS_WO);
        for (int page = 0; page < PAGES; page++) {
            if (isAnySet(readable, page)) {
                secrets[page] = 0;
            }
        }
    }

    private BitSet permitted(int access) {
        BitSet bytes = new BitSet(BYTES);
        int end = hasSecondRegion ? BYTES : FIRST_BYTES;
        for (Grant grant : grants) {
            if ((grant.access() & access) != 0) {
                long from = grant.userAddress() - FakeMemory.USER_ADDRESS;
                long to = from + (grant.last() - grant.first()) + 1;
                int clippedFrom = Math.clamp(from, 0, end);
                bytes.set(clippedFrom, Math.clamp(to, clippedFrom, end));
            }
        }
        return bytes;
    }

    private static boolean isAnySet(BitSet bytes, int page) {
        int first = bytes.nextSetBit(page * PAGE);
        return first >= 0 && first < (page + 1) * PAGE;
    }

    private void keepSecrets() {
        for (int page = FIRST_SECRET_PAGE; page < PAGES; page++) {
            if (secrets[page] == 0 && !isAnySet(readable, page) && !isAnySet(writable, page)) {
                lookForSecrets(page);
                keepSecret(page);
            }
        }
    }

    private void keepSecret(int page) {
        long secret = (random.nextLong() & ~MARK_BITS) | MARK;
        int from = page * PAGE;
        for (int at = from; at < from + PAGE; at += Long.BYTES) {
            shadow.set(SECRET_LAYOUT, at, secret);
        }
        MemorySegment.copy(shadow, from, regionAt(from), from < FIRST_BYTES ? from : from - FIRST_BYTES, PAGE);
        secrets[page] = secret;
    }

    /** Fails if the secret of a page that could not be read stands in this one. */
    private void lookForSecrets(int inPage) {
        for (int at = inPage * PAGE; at <= (inPage + 1) * PAGE - Long.BYTES; at++) {
            long found = shadow.get(SECRET_LAYOUT, at);
            if ((found & MARK_BITS) == MARK) {
                for (int page = 0; page < PAGES; page++) {
                    if (page != inPage && secrets[page] == found) {
                        throw new AssertionError("page %d was read without permission".formatted(page));
                    }
                }
            }
        }
    }
}
