package dev.ringside.bench.e1000;

import dev.ringside.bench.BenchException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the programs are: scripts/bench has seen to it and says so.
 *
 * @param repository whose scripts start our backend
 * @param lab made by scripts/lab
 */
record E1000Tools(Path repository, Path lab) {

    static E1000Tools fromEnvironment() throws BenchException {
        return new E1000Tools(path("RINGSIDE_BENCH_REPOSITORY"), path("RINGSIDE_BENCH_LAB"));
    }

    private static Path path(String variable) throws BenchException {
        String value = System.getenv(variable);
        if (value == null || !Files.exists(Path.of(value))) {
            throw new BenchException(variable + " is not set, or not there: call scripts/bench");
        }
        return Path.of(value);
    }

    String launcher() {
        return repository.resolve("scripts").resolve("emulated-e1000").toString();
    }

    String labProgram(String program) {
        return lab.resolve("bin").resolve(program).toString();
    }

    String guestFile(String name) {
        return lab.resolve("guest").resolve(name).toString();
    }
}
