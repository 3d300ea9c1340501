package dev.ringside.e1000;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A clock that a test turns. */
final class FakeTimers implements Timers {
    private record Task(long due, Runnable work) {}

    private final List<Task> tasks = new ArrayList<>();
    private long now = 1_000_000;

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public void after(long nanos, Runnable task) {
        tasks.add(new Task(now + nanos, task));
    }

    /** Lets time pass, and runs what becomes due. */
    void advance(long nanos) {
        long end = now + nanos;
        while (true) {
            Task next = tasks.stream()
                    .filter(task -> task.due <= end)
                    .min(Comparator.comparingLong(Task::due))
                    .orElse(null);
            if (next == null) {
                now = end;
                return;
            }
            tasks.remove(next);
            now = Math.max(now, next.due);
            next.work.run();
        }
    }
}
