package dev.ringside.bench.compare;

import dev.ringside.bench.BenchException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Images, their back-ends, and QEMU's words for the disk of each guest. */
final class Disks {
    private static final int MEBIBYTE = 1 << 20;

    private final Setting setting;

    Disks(Setting setting) {
        this.setting = setting;
    }

    /** The guest's name of its disk. */
    static String node(Mode mode) {
        return switch (mode) {
            case QEMU_AHCI -> "/dev/sda";
            case NVME_PASSTHROUGH, NVME_SRIOV -> "/dev/nvme0n1";
            default -> "/dev/vda";
        };
    }

    List<List<String>> make(Bed bed, int guests) throws BenchException, InterruptedException {
        if (bed.mode().isHardware()) {
            return List.of(new HostDevice(setting).make(bed));
        }
        List<Path> images = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            images.add(image(i));
        }
        return switch (bed.mode()) {
            case VIRTIO_BLK -> ours(bed, images, "", List.of());
            case VIRTIO_BLK_DIRECT -> ours(bed, images, ",cache=none", List.of());
            case VIRTIO_BLK_POLL -> ours(bed, images, "", List.of("--poll-us=" + Beds.POLL_MICROS));
            case QEMU_STORAGE_DAEMON -> storageDaemon(bed, images);
            case QEMU_VIRTIO_BLK -> withinQemu(images, List.of("virtio-blk-pci,drive=disk"));
            case QEMU_AHCI -> withinQemu(images, List.of("ahci,id=ahci", "ide-hd,bus=ahci.0,drive=disk"));
            default -> throw new IllegalArgumentException(bed.mode().word());
        };
    }

    /** Each turn begins with a file that is written anew, so that the page cache and the file system have it alike. */
    private Path image(int guest) throws BenchException {
        Path path = setting.workspace().directory().resolve("disk" + guest);
        byte[] bytes = new byte[MEBIBYTE];
        Random random = new Random(guest);
        try (FileChannel file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (int i = 0; i < setting.diskMebibytes(); i++) {
                random.nextBytes(bytes);
                ByteBuffer block = ByteBuffer.wrap(bytes);
                while (block.hasRemaining()) {
                    file.write(block);
                }
            }
            file.force(true);
            return path;
        } catch (IOException e) {
            throw new BenchException(path + ": " + e.getMessage(), e);
        }
    }

    private List<List<String>> ours(Bed bed, List<Path> images, String deviceOptions, List<String> options)
            throws BenchException, InterruptedException {
        int port = freePort();
        List<Path> sockets = Beds.sockets(setting, images.size());
        List<String> command =
                new ArrayList<>(List.of(setting.tools().launcher("vhost-user-blk"), "--metrics=127.0.0.1:" + port));
        command.addAll(options);
        for (int i = 0; i < images.size(); i++) {
            command.add("--device=socket-path=" + sockets.get(i) + ",blk-file=" + images.get(i) + deviceOptions);
        }
        Beds.start(setting, bed, bed.mode().word(), images.size(), command, sockets);
        bed.serveMetrics(port);
        return frontEnds(sockets);
    }

    private List<List<String>> storageDaemon(Bed bed, List<Path> images) throws BenchException, InterruptedException {
        List<Path> sockets = Beds.sockets(setting, images.size());
        List<String> command = new ArrayList<>(
                List.of(setting.tools().labProgram("qemu-storage-daemon"), "--object", "iothread,id=io"));
        for (int i = 0; i < images.size(); i++) {
            command.addAll(List.of(
                    "--blockdev",
                    "driver=file,node-name=disk" + i + ",aio=io_uring,filename=" + images.get(i),
                    "--export",
                    "type=vhost-user-blk,id=export" + i + ",node-name=disk" + i
                            + ",iothread=io,writable=on,addr.type=unix,addr.path=" + sockets.get(i)));
        }
        Beds.start(setting, bed, bed.mode().word(), images.size(), command, sockets);
        return frontEnds(sockets);
    }

    private static List<List<String>> frontEnds(List<Path> sockets) {
        return sockets.stream()
                .map(socket -> List.of(
                        "-chardev", "socket,id=blk,path=" + socket, "-device", "vhost-user-blk-pci,chardev=blk"))
                .toList();
    }

    private static List<List<String>> withinQemu(List<Path> images, List<String> devices) {
        return images.stream()
                .map(image -> {
                    List<String> words = new ArrayList<>(
                            List.of("-blockdev", "driver=file,node-name=disk,aio=io_uring,filename=" + image));
                    devices.forEach(device -> words.addAll(List.of("-device", device)));
                    return words;
                })
                .toList();
    }

    /** Another may take it before it is used; the back-end then says so. */
    private static int freePort() throws BenchException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new BenchException("no free TCP port: " + e.getMessage(), e);
        }
    }
}
