package dev.ringside.bench.host;

import dev.ringside.bench.BenchException;
import dev.ringside.bench.WrongOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who runs where: two processors of different cores, because two threads of one core slow each other down.
 *
 * @param backend for what is measured
 * @param client for what drives it
 */
public record Processors(int backend, int client) {
    private static final Pattern ALLOWED = Pattern.compile("(?m)^Cpus_allowed_list:\\s*(\\S+)$");

    /** Reads {@code B,C}. */
    public static Processors parse(String text) throws BenchException {
        try {
            List<Integer> both = list(text);
            if (both.size() == 2) {
                return checked(new Processors(both.get(0), both.get(1)), allowed());
            }
        } catch (NumberFormatException e) {
            // Answered below.
        }
        throw new WrongOption("--cpus wants the backend's and the client's processor, such as 2,3, not " + text);
    }

    /** The last two cores that this process may use: the first is where interrupts tend to be. */
    public static Processors choose() throws BenchException {
        List<Integer> chosen = new ArrayList<>();
        Set<String> cores = new HashSet<>();
        for (int processor : allowed().reversed()) {
            if (chosen.size() < 2 && cores.add(core(processor))) {
                chosen.add(processor);
            }
        }
        if (chosen.size() < 2) {
            throw new BenchException("this needs two processor cores: backend and client have one each");
        }
        return new Processors(chosen.get(1), chosen.get(0));
    }

    private static Processors checked(Processors wanted, List<Integer> allowed) throws BenchException {
        if (!allowed.contains(wanted.backend) || !allowed.contains(wanted.client)) {
            throw new WrongOption("--cpus: this process may run on " + allowed + " only");
        }
        return wanted;
    }

    private static List<Integer> allowed() throws BenchException {
        try {
            Matcher line = ALLOWED.matcher(Files.readString(Path.of("/proc/self/status")));
            if (line.find()) {
                return list(line.group(1));
            }
        } catch (IOException e) {
            throw new BenchException("/proc/self/status: " + e.getMessage(), e);
        }
        throw new BenchException("/proc/self/status does not say which processors may be used");
    }

    /** Reads the kernel's notation, such as {@code 0-2,7}. */
    static List<Integer> list(String text) {
        List<Integer> numbers = new ArrayList<>();
        for (String range : text.split(",", -1)) {
            int dash = range.indexOf('-');
            int first = Integer.parseInt(dash < 0 ? range : range.substring(0, dash));
            int last = dash < 0 ? first : Integer.parseInt(range.substring(dash + 1));
            for (int i = first; i <= last; i++) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    private static String core(int processor) {
        try {
            return Files.readString(
                    Path.of("/sys/devices/system/cpu/cpu" + processor + "/topology/thread_siblings_list"));
        } catch (IOException e) {
            return String.valueOf(processor);
        }
    }
}
