package dev.ringside.bench;

import dev.ringside.bench.blk.BlkCommand;
import dev.ringside.bench.compare.CompareCommand;
import dev.ringside.bench.e1000.E1000Command;
import dev.ringside.bench.net.NetCommand;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program behind scripts/bench and, when its first word is so, scripts/compare. */
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
        boolean compares = arguments.length > 0 && arguments[0].equals("compare");
        String[] words = compares ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments;
        System.exit(new CommandLine(compares ? new CompareCommand() : new Main())
                .setParameterExceptionHandler((e, given) -> usageError(e))
                .setExecutionExceptionHandler((e, line, parsed) -> failure(e, line))
                .execute(words));
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
            line.getErr().println(program(line) + ": " + e.getMessage());
        } else {
            line.getErr().println(program(line) + ": internal error, please report it");
            e.printStackTrace(line.getErr());
        }
        return line.getCommandSpec().exitCodeOnExecutionException();
    }

    private static String program(CommandLine line) {
        String command = line.getCommandSpec().qualifiedName().split(" ", 2)[0];
        return command.substring(command.lastIndexOf('/') + 1);
    }

    private static void sayWithHelp(Exception e, CommandLine line) {
        String command = line.getCommandSpec().qualifiedName();
        line.getErr().println(program(line) + ": " + e.getMessage() + " (see " + command + " --help)");
    }
}
