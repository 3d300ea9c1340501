package dev.ringside.bench.compare;

/**
 * What a workload has found, of all guests together.
 *
 * @param operations all of them
 * @param bytes of payload; 0 where that means nothing
 * @param p50 the median of a guest's latencies in microseconds, of several guests' the mean; NaN if there are none
 * @param p99 of the slowest guest
 */
record Result(double seconds, double operations, double bytes, double p50, double p99, double lostPercent) {
    static Result withoutLatency(double seconds, double operations, double bytes, double lostPercent) {
        return new Result(seconds, operations, bytes, Double.NaN, Double.NaN, lostPercent);
    }

    /** All guests have worked at the same time. */
    static Result sum(java.util.List<Result> results) {
        return new Result(
                results.stream().mapToDouble(Result::seconds).max().orElseThrow(),
                results.stream().mapToDouble(Result::operations).sum(),
                results.stream().mapToDouble(Result::bytes).sum(),
                results.stream().mapToDouble(Result::p50).average().orElseThrow(),
                results.stream().mapToDouble(Result::p99).max().orElseThrow(),
                results.stream().mapToDouble(Result::lostPercent).max().orElseThrow());
    }
}
