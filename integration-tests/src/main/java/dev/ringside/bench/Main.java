package dev.ringside.bench;

import dev.ringside.bench.blk.BlkCommand;
import dev.ringside.bench.e1000.E1000Command;
import dev.ringside.bench.net.NetCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program behind scripts/bench. */
@Command(
        name = "scripts/bench",
        usageHelpAutoWidth = true,
        subcommands = {BlkCommand.class, NetCommand.class, E1000Command.class},
        synopsisSubcommandLabel = "BENCHMARK",
        description = "Measures Ringside's back-ends side by side with those of others.")
public final class Main implements Runnable {
    /** As a shell says it of Ctrl-C. */
    private static final int INTERRUPTED = 130;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help, and exit.")
    @SuppressWarnings("unused") // by picocli
    private boolean help;

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
        sayWithHelp(e, line);
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static int failure(Exception e, CommandLine line) {
        if (e instanceof InterruptedException) {
            return INTERRUPTED;
        }
        if (e instanceof WrongOption) {
            sayWithHelp(e, line);
            return line.getCommandSpec().exitCodeOnInvalidInput();
        }
        if (e instanceof BenchException) {
            line.getErr().println("bench: " + e.getMessage());
        } else {
            line.getErr().println("bench: internal error, please report it");
            e.printStackTrace(line.getErr());
        }
        return line.getCommandSpec().exitCodeOnExecutionException();
    }

    private static void sayWithHelp(Exception e, CommandLine line) {
        String command = line.getCommandSpec().qualifiedName();
        line.getErr().println("bench: " + e.getMessage() + " (see " + command + " --help)");
    }
}
