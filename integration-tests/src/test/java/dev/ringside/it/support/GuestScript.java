package dev.ringside.it.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code scripts/guest} with a directory of its own for temporary files, by which its processes are known, too. */
public final class GuestScript {
    private final Path temporary;

    /** @param directory gets the temporary directory */
    public GuestScript(Path directory) throws IOException {
        temporary = Files.createDirectory(directory.resolve("tmp"));
    }

    /** Runs it to its end. */
    public Result run(String... arguments) throws InterruptedException {
        try (Child child = start(arguments)) {
            return child.finish(Patience.GUEST);
        }
    }

    /** Whether scripts can make networks of their own. */
    public static boolean canHaveNetworks() throws InterruptedException {
        return Child.run(
                                "unshare",
                                List.of("sh", "-c", "unshare --net true || unshare --user --map-root-user --net true"))
                        .status()
                == 0;
    }

    /** Starts it. */
    public Child start(String... arguments) {
        List<String> command = new ArrayList<>(Backend.script("guest", arguments));
        command.add("--accel=tcg");
        return start(command);
    }

    /** Starts another script that boots guests in the same way. */
    public Child startOther(String name, String... arguments) {
        return start(Backend.script(name, arguments));
    }

    private Child start(List<String> command) {
        Map<String, String> environment = new HashMap<>(Backend.ENVIRONMENT);
        environment.put("TMPDIR", temporary.toString());
        return Child.start("a script", environment, command);
    }

    /** What there is of its temporary files. */
    public List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.toList();
        }
    }

    /** The command lines of its processes that there are. */
    public List<String> processes() {
        return ProcessHandle.allProcesses()
                .map(process -> ProcFs.commandLine(process.pid()))
                .filter(line -> line.contains(temporary.toString()))
                .toList();
    }
}
