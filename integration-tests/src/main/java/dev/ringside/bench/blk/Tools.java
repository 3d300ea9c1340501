package dev.ringside.bench.blk;

import dev.ringside.bench.BenchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where the programs are: scripts/bench has seen to it and says so.
 *
 * @param repository whose scripts start our backends
 * @param lab made by scripts/lab
 * @param client compiled from blk-client.c
 */
record Tools(Path repository, Path lab, Path client) {

    static Tools fromEnvironment() throws BenchException {
        return new Tools(path("RINGSIDE_BENCH_REPOSITORY"), path("RINGSIDE_BENCH_LAB"), path("RINGSIDE_BENCH_CLIENT"));
    }

    private static Path path(String variable) throws BenchException {
        String value = System.getenv(variable);
        if (value == null || !Files.exists(Path.of(value))) {
            throw new BenchException(variable + " is not set, or not there: call scripts/bench");
        }
        return Path.of(value);
    }

    String launcher(String program) {
        return repository.resolve("scripts").resolve(program).toString();
    }

    String labProgram(String program) {
        return lab.resolve("bin").resolve(program).toString();
    }

    /** libblkio is the lab's, so the client runs on the lab's C library, too. */
    List<String> clientCommand() {
        Path tree = lab.resolve("trixie");
        return List.of(
                tree.resolve("lib64/ld-linux-x86-64.so.2").toString(),
                "--library-path",
                tree.resolve("usr/lib/x86_64-linux-gnu").toString(),
                client.toString());
    }
}
