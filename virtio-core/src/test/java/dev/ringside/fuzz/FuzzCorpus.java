package dev.ringside.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs every input that a module keeps, findings of the past among them: {@code src/test/resources/fuzz/TARGET/*}. Each
 * module with targets has a subclass.
 */
public abstract class FuzzCorpus {
    private static final Path SOURCES = Path.of("src/test/java");
    private static final Path INPUTS = Path.of("src/test/resources/fuzz");
    private static final String SUFFIX = "Fuzz.java";

    @TestFactory
    Stream<DynamicTest> shouldSurviveWhatWasWorthKeeping() throws IOException {
        List<Path> targets = targets();
        assertThat(targets).isNotEmpty();
        return targets.stream().map(source -> DynamicTest.dynamicTest(name(source), () -> run(source)));
    }

    private static List<Path> targets() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    private static String name(Path source) {
        String file = source.getFileName().toString();
        return file.substring(0, file.length() - SUFFIX.length());
    }

    private static void run(Path source) throws Exception {
        String path = SOURCES.relativize(source).toString();
        String className = path.substring(0, path.length() - ".java".length()).replace('/', '.');
        List<Path> inputs = inputs(name(source));
        assertThat(inputs).as("inputs of " + name(source)).isNotEmpty();
        try (FuzzTarget target = FuzzDriver.make(className)) {
            for (Path input : inputs) {
                try {
                    target.execute(new FuzzInput(Files.readAllBytes(input)));
                } catch (Throwable e) {
                    throw new AssertionError(input.toString(), e);
                }
            }
        }
    }

    private static List<Path> inputs(String target) throws IOException {
        try (Stream<Path> files = Files.list(INPUTS.resolve(target))) {
            return files.sorted().toList();
        }
    }
}
