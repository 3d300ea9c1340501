package dev.ringside.it.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The lab of {@code scripts/lab}: QEMU, its tools and a guest. It is made for the first test class that is extended with
 * it, outside the time of any test: a minute or two on a new machine, an instant ever after.
 */
public final class Lab implements BeforeAllCallback {
    private static @Nullable Lab made;

    private Path programs = Path.of("");
    private String kernel = "";
    private String initramfs = "";

    @Override
    public void beforeAll(ExtensionContext context) throws IOException, InterruptedException {
        synchronized (Lab.class) {
            if (made == null) {
                programs = Path.of(place("bin"));
                kernel = place("kernel");
                initramfs = place("initramfs");
                made = this;
            }
        }
    }

    /** Has the lab made, if it is not there, and shows how that goes on. */
    private static String place(String what, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script("lab"), "--print=" + what));
        command.addAll(List.of(options));
        Process lab = new ProcessBuilder(command).start();
        try (BufferedReader progress = lab.errorReader();
                BufferedReader answer = lab.inputReader()) {
            progress.lines().forEach(System.err::println);
            String place = answer.readLine();
            if (lab.waitFor() != 0) {
                throw new IOException("no lab to test in: scripts/lab has failed, see its message above");
            }
            return place;
        } finally {
            lab.destroy();
        }
    }

    private static synchronized Lab made() {
        return Objects.requireNonNull(made, "the test class wants @ExtendWith(Lab.class)");
    }

    /** One of the lab's programs. */
    public static String program(String name) {
        return made().programs.resolve(name).toString();
    }

    /** A program of a component that not every lab has: it is added to this one. */
    public static String program(String name, String component) throws IOException, InterruptedException {
        made();
        return Path.of(place("bin", "--with=" + component)).resolve(name).toString();
    }

    /** The guest's kernel, for QEMU. */
    static String kernel() {
        return made().kernel;
    }

    /** All that the guest has, in QEMU and in User-Mode Linux. */
    static String initramfs() {
        return made().initramfs;
    }

    /** One of the project's scripts; these need no lab. */
    public static String script(String name) {
        String root = Objects.requireNonNull(
                System.getProperty("ringside.root"), "-Dringside.root must name the project's directory");
        return Path.of(root, "scripts", name).toString();
    }
}
