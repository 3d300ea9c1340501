package dev.ringside.bench.guest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest to be booted.
 *
 * @param name of its files and messages; one word, unique among the guests of a run
 * @param type pc or q35
 * @param network whose interfaces it may use; null for the host's own
 * @param pinned whether its processor has one of the host's for itself, and the rest of QEMU that of the backend
 * @param devices QEMU's words for what it has beside its console
 */
public record Machine(
        String name,
        String type,
        int memoryMebibytes,
        @Nullable Network network,
        boolean pinned,
        List<String> devices) {
    private static final int ENOUGH = 512;

    /** One guest by itself. */
    public static Machine with(Network network, List<String> devices) {
        return new Machine("guest", "pc", ENOUGH, network, true, devices);
    }
}
