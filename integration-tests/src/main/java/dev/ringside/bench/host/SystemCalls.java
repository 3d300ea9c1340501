package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Counts system calls by the kernel's tracepoint raw_syscalls:sys_enter: without stopping anybody, as strace does, and
 * without an event for each call to be read. Everybody's calls take a bit longer as long as it counts.
 *
 * <p>tracefs is mounted where only a process of ours sees it, and an instance of our own is in nobody's way.
 */
public final class SystemCalls implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final String HISTOGRAM = "hist:keys=common_pid:size=8192";
    private static final Pattern COUNT = Pattern.compile("common_pid: +(\\d+) \\} hitcount: +(\\d+)");

    private final Child holder;
    private final Path instance;

    private SystemCalls(Child holder, Path instance) {
        this.holder = holder;
        this.instance = instance;
    }

    /**
     * Mounts.
     *
     * @throws BenchException if that is not to be had here, with the reason
     */
    public static SystemCalls open(Children children) throws BenchException, InterruptedException {
        String words = "mount -t tracefs none /sys/kernel && echo ready && exec sleep infinity";
        Child holder =
                children.start("tracefs", null, List.of("unshare", "--mount", "--", "/bin/sh", "-c", words), Map.of());
        try {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            Path tracing = Path.of("/proc/" + holder.pid() + "/root/sys/kernel");
            while (!Files.exists(tracing.resolve("events/raw_syscalls/sys_enter/trigger"))) {
                if (!holder.isAlive() || System.nanoTime() > deadline) {
                    throw holder.failure("cannot be mounted, or has no raw_syscalls");
                }
                Thread.sleep(1);
            }
            Path instance = tracing.resolve("instances/ringside-" + holder.pid());
            Files.createDirectory(instance);
            return new SystemCalls(holder, instance);
        } catch (IOException e) {
            holder.close();
            throw new BenchException("tracefs: " + e, e);
        } catch (BenchException | InterruptedException e) {
            holder.close();
            throw e;
        }
    }

    /** Begins. */
    public void start() throws BenchException {
        write(HISTOGRAM);
    }

    /**
     * Ends.
     *
     * @return the calls since the start, by thread
     */
    public Map<Long, Long> stop() throws BenchException {
        Map<Long, Long> counts = new HashMap<>();
        try {
            String histogram = Files.readString(instance.resolve("events/raw_syscalls/sys_enter/hist"));
            COUNT.matcher(histogram)
                    .results()
                    .forEach(found -> counts.put(Long.parseLong(found.group(1)), Long.parseLong(found.group(2))));
        } catch (IOException e) {
            throw new BenchException("tracefs: " + e, e);
        } finally {
            write("!" + HISTOGRAM);
        }
        return counts;
    }

    private void write(String trigger) throws BenchException {
        try {
            Files.writeString(instance.resolve("events/raw_syscalls/sys_enter/trigger"), trigger);
        } catch (IOException e) {
            throw new BenchException("tracefs: " + e, e);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(instance);
        } catch (IOException e) {
            // Counts nothing, and is gone with the next boot.
        }
        holder.close();
    }
}
