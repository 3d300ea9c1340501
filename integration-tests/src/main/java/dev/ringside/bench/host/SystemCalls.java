package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Counts system calls by the kernel's tracepoint raw_syscalls:sys_enter: without stopping anybody, as strace does, and
 * without an event for each call to be read. Everybody's calls take a bit longer as long as it counts.
 *
 * <p>tracefs is mounted where only a process of ours sees it, and an instance of our own is in nobody's way.
 */
public final class SystemCalls implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Pattern COUNT = Pattern.compile("(?m)^(?:entries|overrun): (\\d+)$");
    /** Of each processor: events are counted, not read, and may be lost. */
    private static final String BUFFER_KIBIBYTES = "64";

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
            Path tracing = Path.of("/proc/" + holder.pid() + "/root/sys/kernel");
            Path tracepoint = tracing.resolve("events/raw_syscalls/sys_enter/enable");
            holder.awaitReady(() -> Files.exists(tracepoint), PATIENCE, "cannot be mounted, or has no raw_syscalls");
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

    /** Begins to count those of some threads, and of the threads that they start. */
    public void start(List<Long> threads) throws BenchException {
        write("events/raw_syscalls/sys_enter/enable", "0");
        write("buffer_size_kb", BUFFER_KIBIBYTES);
        write("trace", "");
        write("options/event-fork", "1");
        write("set_event_pid", threads.stream().map(String::valueOf).collect(Collectors.joining(" ")));
        write("events/raw_syscalls/sys_enter/enable", "1");
    }

    /** Ends, and gives the number of calls since the start. */
    public double stop() throws BenchException {
        write("events/raw_syscalls/sys_enter/enable", "0");
        double sum = 0;
        try (DirectoryStream<Path> processors = Files.newDirectoryStream(instance.resolve("per_cpu"))) {
            for (Path processor : processors) {
                sum += COUNT.matcher(Files.readString(processor.resolve("stats")))
                        .results()
                        .mapToLong(found -> Long.parseLong(found.group(1)))
                        .sum();
            }
            return sum;
        } catch (IOException e) {
            throw new BenchException("tracefs: " + e, e);
        }
    }

    private void write(String file, String text) throws BenchException {
        try {
            Files.writeString(instance.resolve(file), text);
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
