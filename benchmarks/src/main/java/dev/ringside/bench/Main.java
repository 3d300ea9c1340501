package dev.ringside.bench;

import dev.ringside.bench.blk.BlkCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program behind scripts/bench. */
@Command(
        name = "scripts/bench",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        subcommands = BlkCommand.class,
        synopsisSubcommandLabel = "BENCHMARK",
        description = "Measures Ringside's back-ends side by side with those of others.")
public final class Main implements Runnable {
    /** As a shell says it of Ctrl-C. */
    private static final int INTERRUPTED = 130;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    private Main() {}

    /** Runs the program. */
    public static void main(String... arguments) {
        System.exit(new CommandLine(new Main())
                .setParameterExceptionHandler((e, words) -> usageError(e))
                .setExecutionExceptionHandler((e, line, parsed) -> failure(e, line))
                .execute(arguments));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which benchmark?");
    }

    private static int usageError(ParameterException e) {
        CommandLine line = e.getCommandLine();
        line.getErr()
                .println("bench: " + e.getMessage() + " (see "
                        + line.getCommandSpec().qualifiedName() + " --help)");
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failure(Exception e, CommandLine line) {
        if (e instanceof InterruptedException) {
            return INTERRUPTED;
        }
        if (e instanceof BenchException) {
            line.getErr().println("bench: " + e.getMessage());
        } else {
            line.getErr().println("bench: internal error, please report it");
            e.printStackTrace(line.getErr());
        }
        return line.getCommandSpec().exitCodeOnExecutionException();
    }
}
