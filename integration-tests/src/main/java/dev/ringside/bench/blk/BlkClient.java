package dev.ringside.bench.blk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.bench.BenchException;
import dev.ringside.bench.blk.BlkCell.Load;
import dev.ringside.bench.host.Child;
import dev.ringside.bench.host.Children;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The C program blk-client. */
final class BlkClient {
    /** Beyond what it was asked to run: connecting, writing a file of some GB. */
    private static final Duration GRACE = Duration.ofMinutes(2);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Tools tools;
    private final Children children;
    private final BlkSettings settings;
    private int seed;

    BlkClient(Tools tools, Children children, BlkSettings settings) {
        this.tools = tools;
        this.children = children;
        this.settings = settings;
    }

    /**
     * Puts a backend under load.
     *
     * @param pid of the backend
     */
    JsonNode run(Path socket, Load load, boolean verify, long pid, Duration warmup, Duration window)
            throws BenchException, InterruptedException {
        seed++;
        return json(
                settings.processors().client(),
                List.of(
                        "run",
                        "socket=" + socket,
                        "kind=" + load.kind().name().toLowerCase(Locale.ROOT),
                        "block=" + load.blockBytes(),
                        "depth=" + load.depth(),
                        "queues=" + load.queues(),
                        "size=" + settings.fileBytes(),
                        "warmup-ms=" + warmup.toMillis(),
                        "ms=" + window.toMillis(),
                        "poll=" + (settings.clientPolls() ? 1 : 0),
                        "verify=" + (verify ? 1 : 0),
                        "seed=" + seed,
                        "pid=" + pid),
                warmup.plus(window).plus(GRACE));
    }

    /**
     * Brings a file and the page cache into a state.
     *
     * @param cache small, large or none
     * @param keep whether a file that looks right may be left alone
     */
    void prepare(Path file, String cache, boolean keep) throws BenchException, InterruptedException {
        List<String> words = List.of(
                "prepare", "file=" + file, "size=" + settings.fileBytes(), "cache=" + cache, "keep=" + (keep ? 1 : 0));
        start(settings.processors().backend(), words).await(GRACE);
    }

    /** Copies random blocks from as much memory as the file has, on the backend's processor. */
    JsonNode copy(Load load) throws BenchException, InterruptedException {
        return json(
                settings.processors().backend(),
                List.of(
                        "copy",
                        "size=" + settings.fileBytes(),
                        "block=" + load.blockBytes(),
                        "depth=" + load.depth(),
                        "ms=" + settings.window().toMillis()),
                settings.window().plus(GRACE));
    }

    private JsonNode json(int processor, List<String> words, Duration limit)
            throws BenchException, InterruptedException {
        return parse("blk-client", start(processor, words).await(limit));
    }

    static JsonNode parse(String program, String output) throws BenchException {
        try {
            return JSON.readTree(output);
        } catch (JsonProcessingException e) {
            throw new BenchException(program + " printed no JSON", e);
        }
    }

    private Child start(int processor, List<String> words) throws BenchException, InterruptedException {
        List<String> command = new ArrayList<>(tools.clientCommand());
        command.addAll(words);
        return children.start("blk-client", processor, command, Map.of());
    }
}
