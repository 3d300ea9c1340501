package dev.ringside.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/**
 * A stream of data over TCP between guests, or between a guest and its host, of which both ends must have the same
 * SHA-256. It consists of blocks of random data, each behind its number, so that no two places look alike.
 */
public final class Transfer {
    /** For the transfers that are about size; -Dringside.transfer.mib=1024 makes them what they are meant to be. */
    public static final int LARGE_MIB = Integer.getInteger("ringside.transfer.mib", 64);

    private static final int BLOCK_BYTES = 1 << 20;
    private static final int PORT = 5000;
    private static final byte[] BLOCK = block();

    private final int mib;
    private final String sha256;

    private Transfer(int mib) {
        this.mib = mib;
        this.sha256 = expected(mib);
    }

    /** A transfer of so many blocks of 1 MiB. */
    public static Transfer ofMib(int mib) {
        return new Transfer(mib);
    }

    private static byte[] block() {
        byte[] block = new byte[BLOCK_BYTES];
        new Random(1).nextBytes(block);
        return block;
    }

    private static String expected(int mib) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int i = 0; i < mib; i++) {
                digest.update((i + "\n").getBytes(StandardCharsets.US_ASCII));
                digest.update(BLOCK);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Puts the random data into a file in a directory. */
    static Path data(Path directory) {
        try {
            return Files.write(directory.resolve("data"), BLOCK);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Shell words: sends all to an address. */
    private String sending(String socat, String data, String address) {
        return "i=0; while [ $i -lt %d ]; do echo $i; cat %s; i=$((i+1)); done | %s -u - TCP:%s:%d,retry=100,interval=0.1"
                .formatted(mib, data, socat, address, PORT);
    }

    /** Shell words: receives all, over IPv4 or IPv6, and says its SHA-256. */
    private static String receiving(String socat) {
        return socat + " -u TCP6-LISTEN:" + PORT + ",reuseaddr - | sha256sum";
    }

    /** From one guest to another at an address. */
    public void check(Guest from, Guest to, String address) throws IOException, InterruptedException {
        receive(to);
        send(from, address);
        assertThat(received(to)).isEqualTo(sha256);
    }

    /** From a guest to its host at an address. */
    public void check(Guest from, NetNamespace to, String address) throws IOException, InterruptedException {
        try (Child receiver = to.start(receiving("$BIN/socat"))) {
            send(from, address);
            assertThat(receiver.finish().expectSuccess()).startsWith(sha256);
        }
    }

    /** From a host to its guest at an address. */
    public void check(NetNamespace from, Guest to, String address, Path directory)
            throws IOException, InterruptedException {
        receive(to);
        try (Child sender = from.start(sending("$BIN/socat", data(directory).toString(), address))) {
            assertThat(received(to)).isEqualTo(sha256);
            sender.finish().expectSuccess();
        }
    }

    /** From a User-Mode Linux to its host, at an address, after some other words; says what it has said. */
    public String check(Path directory, Path nic, String before, NetNamespace to, String address)
            throws IOException, InterruptedException {
        try (Child receiver = to.start(receiving("$BIN/socat"))) {
            String said = Uml.runWithNic(directory, nic, before + "\n" + sending("socat", "/mnt/data", address))
                    .expectSuccess();
            assertThat(receiver.finish().expectSuccess()).startsWith(sha256);
            return said;
        }
    }

    /** From a host to its User-Mode Linux, at an address, after some other words. */
    public void check(NetNamespace from, Path directory, Path nic, String before, String address)
            throws IOException, InterruptedException {
        try (Child sender = from.start(sending("$BIN/socat", data(directory).toString(), address))) {
            assertThat(Uml.runWithNic(directory, nic, before + "\n" + receiving("socat"))
                            .expectSuccess())
                    .contains(sha256);
            sender.finish().expectSuccess();
        }
    }

    private void send(Guest from, String address) throws IOException, InterruptedException {
        from.run("[ -s /tmp/data ] || cat /sys/firmware/qemu_fw_cfg/by_name/opt/ringside/data/raw >/tmp/data");
        from.run(sending("socat", "/tmp/data", address));
    }

    private static void receive(Guest to) throws IOException, InterruptedException {
        to.run("rm -f /tmp/sum; { " + receiving("socat")
                + " >/tmp/sum.new; mv /tmp/sum.new /tmp/sum; } >/dev/null 2>&1 &");
    }

    private static String received(Guest to) throws IOException, InterruptedException {
        return to.run("until [ -s /tmp/sum ]; do usleep 20000; done; cut -d' ' -f1 /tmp/sum");
    }
}
