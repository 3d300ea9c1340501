package dev.ringside.it.support;

import java.util.ArrayList;
import java.util.List;

/** Programs of the lab that run on the host. */
public final class HostTools {
    private HostTools() {}

    /** Runs one to its end, with nothing on its stdin. */
    public static Result run(String program, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of(Lab.program(program)));
        command.addAll(List.of(arguments));
        return Child.run(program, command);
    }
}
