package dev.ringside.it.support;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs that run on the host: the lab's, and the host's own. */
public final class HostTools {
    private HostTools() {}

    /** Runs one to its end, with nothing on its stdin. */
    public static Result run(String program, String... arguments) throws InterruptedException {
        return runOwn(Path.of(Lab.program(program)), arguments);
    }

    /** As the other, with a program of the host itself, which it may lack. */
    public static Result runOwn(Path program, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        return Child.run(program.getFileName().toString(), command);
    }
}
