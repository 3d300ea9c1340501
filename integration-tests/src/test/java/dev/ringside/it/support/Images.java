package dev.ringside.it.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/** Disk images on the host. */
public final class Images {
    public static final int MIB = 1 << 20;

    private Images() {}

    /** Makes an image of zeroes, which takes no space. */
    public static Path blank(Path image, long bytes) throws IOException {
        resize(image, bytes);
        return image;
    }

    /** Cuts an image, or lets it grow by zeroes. */
    public static void resize(Path image, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    /** Makes an image with random content, the same for the same name and size. */
    public static Path random(Path image, int mebibytes) throws IOException {
        Random random = new Random(image.getFileName().toString().hashCode());
        byte[] block = new byte[MIB];
        try (OutputStream out = Files.newOutputStream(image)) {
            for (int i = 0; i < mebibytes; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
        return image;
    }

    /** Bytes of a file. */
    public static byte[] read(Path image, long offset, int bytes) throws IOException {
        byte[] content = new byte[bytes];
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            file.seek(offset);
            file.readFully(content);
        }
        return content;
    }

    /** The space that a file takes, in bytes; holes take none. */
    public static long allocated(Path file) throws InterruptedException {
        return 512
                * Long.parseLong(HostTools.run("busybox", "stat", "-c", "%b", file.toString())
                        .expectSuccess());
    }

    /** The SHA-256 of a file, as {@code sha256sum} writes it. */
    public static String sha256(Path file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
