package dev.ringside.it.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Await;
import dev.ringside.it.support.Backend;
import dev.ringside.it.support.ProcFs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One executable under attack for a while. {@code scripts/fuzz live} calls {@link #main}. */
public final class LiveFuzz {
    /** The executables. */
    private enum Program {
        VHOST_USER_BLK,
        VHOST_USER_NET,
        EMULATED_E1000;

        String command() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * What was done to it.
     *
     * @param attacks connections that misbehaved
     * @param stores into memory that it was reading
     * @param songs pieces of I/O of the canary, each verified
     */
    private record Result(long attacks, long stores, long songs) {}

    private static final int SECTORS = 2048;
    private static final int WARM_UP = 100;
    private static final int BLK_QUEUES = 2;
    private static final int NET_QUEUES = 2;
    /** All that a program with a heap of 128 MB, and little else, could sensibly come to. */
    private static final long MAX_RESIDENT_KB = 600_000;

    private final Path directory;
    private final long seed;
    private final Path hostile;
    private final Path peaceful;

    private LiveFuzz(Path directory, long seed) {
        this.directory = directory;
        this.seed = seed;
        this.hostile = directory.resolve("hostile");
        this.peaceful = directory.resolve("peaceful");
    }

    /**
     * Attacks all programs, one after the other.
     *
     * @param arguments seconds for each program, and perhaps the seed
     */
    public static void main(String[] arguments) throws Exception {
        int seconds = Integer.parseInt(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        for (Program program : Program.values()) {
            Path directory = Files.createTempDirectory("ringside-live");
            try {
                Result result = new LiveFuzz(directory, seed).run(program, seconds);
                System.out.printf(
                        "%s attacks=%d rewrites=%d canary=%d seconds=%d seed=%d%n",
                        program.command(), result.attacks(), result.stores(), result.songs(), seconds, seed);
            } finally {
                delete(directory);
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Throws an AssertionError if the program ends, if the canary falls silent, or if something is left in the end. */
    private Result run(Program program, int seconds) throws Exception {
        try (Backend backend = start(program)) {
            try {
                return attack(program, backend, seconds);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "the program said: " + backend.process().err().text(), e);
            }
        }
    }

    private Result attack(Program program, Backend backend, int seconds) throws Exception {
        try (Canary canary = canary(program)) {
            // Enough for everything that the program makes when it is first needed.
            for (int i = 0; i < WARM_UP; i++) {
                canary.singOnce();
            }
            HostilePeer peer = peer(program);
            // The first of them makes what stays: threads, buffers, classes.
            long stores = attack(peer);
            long pid = backend.process().pid();
            awaitEndOfFirstAttack(pid);
            Map<String, Long> before = ProcFs.holdings(pid);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            CompletableFuture<Long> songs = CompletableFuture.supplyAsync(() -> sing(canary, end));
            long attacks = 1;
            while (System.nanoTime() < end) {
                stores += attack(peer);
                attacks++;
            }
            Result result = new Result(attacks, stores, songs.get(1, TimeUnit.MINUTES));
            awaitNoMoreThan(pid, before);
            assertThat(result.songs()).isPositive();
            assertThat(residentKb(pid)).isLessThan(MAX_RESIDENT_KB);
            return result;
        }
    }

    private static long attack(HostilePeer peer) throws Exception {
        try {
            return peer.attack();
        } catch (AssertionError | IOException e) {
            // Sent away, perhaps while it was sending.
            return 0;
        }
    }

    private static long sing(Canary canary, long end) {
        try {
            long songs = 0;
            while (System.nanoTime() < end) {
                canary.singOnce();
                songs++;
            }
            return songs;
        } catch (Exception e) {
            throw new AssertionError("the canary fell silent", e);
        }
    }

    private static void awaitEndOfFirstAttack(long pid) throws Exception {
        Await.until(
                "nothing of the first attack is left",
                () -> ProcFs.holdings(pid).keySet().stream()
                                .filter(kind -> kind.contains("fake-guest-memory"))
                                .count()
                        <= 2);
    }

    /** What the last attack held is given back, perhaps a moment later. */
    private static void awaitNoMoreThan(long pid, Map<String, Long> before) throws Exception {
        Map<String, Long> more = new TreeMap<>();
        try {
            Await.until("no more is held than before", () -> {
                more.clear();
                more.putAll(ProcFs.holdings(pid));
                more.entrySet().removeIf(kind -> kind.getValue() <= before.getOrDefault(kind.getKey(), 0L));
                // One for each image, made when its file system first refuses to write without waiting.
                more.entrySet().removeIf(kind -> kind.getKey().startsWith("thread writer of") && kind.getValue() == 1);
                return more.isEmpty();
            });
        } catch (AssertionError e) {
            throw new AssertionError("held in the end: %s, of what in the beginning was %s".formatted(more, before), e);
        }
    }

    private static long residentKb(long pid) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Backend start(Program program) throws Exception {
        return switch (program) {
            case VHOST_USER_BLK ->
                Backend.serveAll(
                        hostile,
                        List.of(
                                "socket-path=" + hostile + ",num-queues=" + BLK_QUEUES + ",blk-file="
                                        + image("hostile.img"),
                                "socket-path=" + peaceful + ",blk-file=" + image("peaceful.img")));
            case VHOST_USER_NET ->
                Backend.nics(
                        List.of("socket-path=" + hostile + ",link=echo", "socket-path=" + peaceful + ",link=echo"));
            case EMULATED_E1000 ->
                Backend.startedBy(
                        Backend.script(
                                "emulated-e1000",
                                "--device=socket-path=" + hostile + ",link=echo",
                                "--device=socket-path=" + peaceful + ",link=echo"),
                        hostile);
        };
    }

    private Path image(String name) throws IOException {
        Path image = directory.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) SECTORS * 512);
        }
        return image;
    }

    private Canary canary(Program program) throws Exception {
        return switch (program) {
            case VHOST_USER_BLK -> new DiskCanary(peaceful, SECTORS, seed);
            case VHOST_USER_NET -> new NicCanary(peaceful, seed);
            case EMULATED_E1000 -> {
                Await.until("the card is served", () -> Files.exists(peaceful));
                yield new CardCanary(peaceful, seed);
            }
        };
    }

    private HostilePeer peer(Program program) {
        return switch (program) {
            case VHOST_USER_BLK -> new HostileFrontEnd(hostile, BLK_QUEUES, seed);
            case VHOST_USER_NET -> new HostileFrontEnd(hostile, NET_QUEUES, seed);
            case EMULATED_E1000 -> new HostileClient(hostile, seed);
        };
    }
}
