package dev.ringside.bench.guest;

import dev.ringside.bench.BenchException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the programs are: the script that was called has seen to it and says so.
 *
 * @param repository whose scripts start our programs
 * @param lab made by scripts/lab
 */
public record Tools(Path repository, Path lab) {

    public static Tools fromEnvironment() throws BenchException {
        return new Tools(path("RINGSIDE_BENCH_REPOSITORY"), path("RINGSIDE_BENCH_LAB"));
    }

    private static Path path(String variable) throws BenchException {
        String value = System.getenv(variable);
        if (value == null || !Files.exists(Path.of(value))) {
            throw new BenchException(variable + " is not set, or not there: call scripts/bench or scripts/compare");
        }
        return Path.of(value);
    }

    public String launcher(String program) {
        return repository.resolve("scripts").resolve(program).toString();
    }

    public String labProgram(String program) {
        return lab.resolve("bin").resolve(program).toString();
    }

    public String guestFile(String name) {
        return lab.resolve("guest").resolve(name).toString();
    }
}
