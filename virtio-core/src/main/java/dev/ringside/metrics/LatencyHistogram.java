package dev.ringside.metrics;

/**
 * How long things took, in buckets whose upper bounds are powers of two microseconds, from 1 us to about 8 s, and one
 * beyond. Written by one thread and read by any, as a {@link Counter}.
 */
public final class LatencyHistogram {
    /** Without the last, which has no upper bound. */
    public static final int BOUNDED_BUCKETS = 24;

    private static final long FIRST_BOUND_NANOS = 1000;

    private final Counter[] buckets = new Counter[BOUNDED_BUCKETS + 1];
    private final Counter sumNanos = new Counter();

    public LatencyHistogram() {
        for (int i = 0; i < buckets.length; i++) {
            buckets[i] = new Counter();
        }
    }

    /**
     * By the owner.
     *
     * @param nanos not negative
     */
    public void record(long nanos) {
        long units = (nanos + FIRST_BOUND_NANOS - 1) / FIRST_BOUND_NANOS;
        int bucket = units <= 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(units - 1);
        buckets[Math.min(bucket, BOUNDED_BUCKETS)].increment();
        sumNanos.add(nanos);
    }

    /**
     * The upper bound of a bucket, which belongs to it.
     *
     * @param bucket 0 to {@link #BOUNDED_BUCKETS} - 1
     */
    public static double boundSeconds(int bucket) {
        return (FIRST_BOUND_NANOS << bucket) / 1e9;
    }

    /**
     * How many fell into one bucket.
     *
     * @param bucket 0 to {@link #BOUNDED_BUCKETS}
     */
    public long count(int bucket) {
        return buckets[bucket].get();
    }

    /** Of everything recorded. */
    public double sumSeconds() {
        return sumNanos.get() / 1e9;
    }
}
