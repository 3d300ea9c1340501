package dev.ringside.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One message of a conversation that was recorded between a real front-end and another back-end.
 *
 * @param seconds when
 * @param fromFrontEnd or else from the back-end
 * @param name as the specification has it
 * @param flags of the header
 * @param size of the payload
 * @param fds how many descriptors came with it
 * @param fields of the payload, by name
 */
public record TraceMessage(
        double seconds, boolean fromFrontEnd, String name, int flags, int size, int fds, Map<String, Long> fields) {

    /** The connections of one recording: {@code libblkio}, {@code qemu_blk}, {@code qemu_net}, {@code virtio_user}. */
    public static List<List<TraceMessage>> connections(String recording) {
        List<List<TraceMessage>> connections = new ArrayList<>();
        for (String line : lines("/traces/" + recording + ".txt")) {
            if (line.equals("--- connection")) {
                connections.add(new ArrayList<>());
            } else if (!line.startsWith("---")) {
                connections.get(connections.size() - 1).add(parse(line));
            }
        }
        return connections;
    }

    private static List<String> lines(String resource) {
        try (InputStream in = TraceMessage.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line of time, direction, name, the header's flags and size, descriptors, and then the fields. */
    private static TraceMessage parse(String line) {
        String[] words = line.strip().split(" +", -1);
        Map<String, Long> fields = new HashMap<>();
        for (int i = 6; i < words.length; i++) {
            fields.put(words[i].substring(0, words[i].indexOf('=')), value(words[i]));
        }
        return new TraceMessage(
                Double.parseDouble(words[0]),
                words[1].equals("->"),
                words[2],
                (int) value(words[3]),
                (int) value(words[4]),
                (int) value(words[5]),
                fields);
    }

    private static long value(String field) {
        String value = field.substring(field.indexOf('=') + 1);
        return value.startsWith("0x") ? Long.parseUnsignedLong(value.substring(2), 16) : Long.parseLong(value);
    }

    /** The message's number. */
    public int number() {
        try {
            return VhostUser.class.getField(name).getInt(null);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(name, e);
        }
    }

    public long field(String field) {
        return fields.get(field);
    }

    @Override
    public String toString() {
        return "%.3f %s %s".formatted(seconds, fromFrontEnd ? "->" : "<-", name);
    }
}
