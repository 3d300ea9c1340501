package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.HostTree;
import dev.ringside.it.support.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Why {@code scripts/vfio} and {@code scripts/sriov} refuse a device: each diagnosis has its name, its reason and its way
 * out, and comes before anything is written.
 */
class PassthroughDiagnosisIT {
    private static final String NIC = "0000:01:00.0";
    private static final int REFUSED = 1;
    private static final int MISUSE = 2;

    @TempDir
    private Path directory;

    private HostTree host;
    private HostTree.Device nic;

    @BeforeEach
    void makeHost() {
        host = new HostTree(directory);
        nic = host.device(NIC, 7).net("eth0").sriov(7);
    }

    @Test
    void aDeviceWithAllItNeedsIsReady() throws Exception {
        assertThat(host.run("vfio", "check", NIC).expectSuccess()).isEqualTo(NIC + " is ready for passthrough");
        assertThat(host.run("vfio", "check", "01:00.0").expectSuccess()).startsWith(NIC);
        assertThat(host.run("vfio", "check", "eth0").expectSuccess()).startsWith(NIC);
    }

    @Test
    void withoutIommuTheFirmwaresWordIsNamed() throws Exception {
        host.remove(nic.at("iommu_group"));
        host.remove("sys/class/iommu/dmar0/intel-iommu");
        host.remove("sys/class/iommu/dmar0");
        refused("iommu-off", "VT-d", "intel_iommu=on", "started with nothing about it");
        host.file("proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
        host.file("proc/cmdline", "quiet amd_iommu=off\n");
        refused("iommu-off", "AMD-Vi", "started with amd_iommu=off");
    }

    @Test
    void aDeviceThatIsNotBehindTheIommuIsToldApart() throws Exception {
        host.remove(nic.at("iommu_group"));
        refused("no-iommu-group", "not behind it");
    }

    @Test
    void interruptRemappingThatIsMissingIsExplained() throws Exception {
        host.file("proc/interrupts", " 24:   7  PCI-MSI-0000:00:01.0  0-edge  PCIe\n");
        host.file("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f4a\n");
        refused("no-interrupt-remapping", "it is switched off", "never set it");
        host.file("sys/class/iommu/dmar0/intel-iommu/ecap", "f00f42\n");
        refused("no-interrupt-remapping", "the IOMMU cannot do it");
        host.file("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
        assertThat(host.run("vfio", "check", NIC).expectSuccess()).contains("unsafe-interrupts (a warning)");
    }

    @Test
    void aSharedGroupNamesItsMembersAndThePort() throws Exception {
        HostTree.Device port =
                host.device("0000:00:02.0", 3).attribute("class", "0x060400").driver("pcieport");
        HostTree.Device one = host.deviceBelow("0000:00:02.0", "0000:02:00.0", 3);
        host.deviceBelow("0000:00:02.0", "0000:02:01.0", 3).driver("ahci");
        host.deviceBelow("0000:00:02.0", "0000:02:02.0", 3).driver("vfio-pci");
        byte[] config = new byte[4096];
        config[0x34] = 0x40;
        config[0x40] = 0x10; // PCI Express
        config[0x42] = 0x42; // a root port
        Files.write(host.path(port.at("config")), config);
        Result result = host.run("vfio", "bind", one.address());
        assertThat(result.status()).isEqualTo(REFUSED);
        assertThat(words(result.err()))
                .contains("group-shared", "0000:02:01.0 (ahci)", "vfio bind 0000:02:00.0 0000:02:01.0")
                .contains("acs-missing", "upstream port 0000:00:02.0", "an isolation that is not there")
                .doesNotContain("0000:02:02.0", "(pcieport)");
        assertThat(host.run("vfio", "check", one.address(), "0000:02:01.0").status())
                .isZero();
    }

    @Test
    void functionsOfOneCardAreToldFromSlots() throws Exception {
        host.device("0000:01:00.1", 7);
        refused("group-shared", "0000:01:00.1 (igb)", "The functions of 0000:01:00 share a group");
    }

    @Test
    void theDefaultRoutesDeviceIsRefusedAlsoBelowBridges() throws Exception {
        host.defaultRoute("eth0");
        refused("default-route", "eth0");
        host.virtualInterface("bond0");
        host.virtualInterface("br0");
        host.standsOn("bond0", "eth0");
        host.standsOn("br0", "bond0");
        host.defaultRoute("br0");
        refused("default-route", "br0");
        assertThat(host.run("vfio", "bind", "--force", "--dry-run", NIC).expectSuccess())
                .contains("would write");
        host.remove("proc/net/route");
        String none = "0".repeat(32);
        host.file("proc/net/ipv6_route", none + " 00 " + none + " 00 fe8" + "0".repeat(29) + " 400 1 0 3 eth0\n");
        refused("default-route", "eth0");
    }

    @Test
    void theRootFileSystemsDeviceIsRefusedAlsoBelowLvm() throws Exception {
        nic.disk("sda", "8:0").disk("sda1", "8:1");
        host.file("proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
        refused("root-file-system", "the host stops");
        host.file("proc/self/mountinfo", "22 1 253:0 / / rw - xfs /dev/mapper/vg-root rw\n");
        host.directory("sys/devices/virtual/block/dm-0");
        host.file("sys/devices/virtual/block/dm-0/dev", "253:0\n");
        host.link("sys/class/block/dm-0", host.path("sys/devices/virtual/block/dm-0"));
        host.link(nic.at("block/sda1/holders/dm-0"), host.path("sys/devices/virtual/block/dm-0"));
        refused("root-file-system", NIC);
        // btrfs has a number of its own.
        host.file("proc/self/mountinfo", "30 1 0:29 / /home\\040of rw - btrfs /dev/sda1 rw\n");
        refused("mounted", "/home of");
        host.file("proc/self/mountinfo", "22 1 0:22 / / rw - tmpfs none rw\n");
        host.file("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda1 partition 1 0 -2\n");
        refused("in-use-as-swap");
    }

    @Test
    void anNvmeNamespaceOfASubsystemIsItsControllersDisk() throws Exception {
        HostTree.Device nvme =
                host.device("0000:02:00.0", 8).attribute("class", "0x010802").driver("nvme");
        host.directory(nvme.at("nvme/nvme0"));
        Path subsystem = host.directory("sys/devices/virtual/nvme-subsystem/nvme-subsys0");
        host.link("sys/class/nvme-subsystem/nvme-subsys0", subsystem);
        host.link("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0", host.path(nvme.at("nvme/nvme0")));
        host.file("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/dev", "259:1\n");
        host.link("sys/class/block/nvme0n1", subsystem.resolve("nvme0n1"));
        host.file("proc/self/mountinfo", "22 1 259:1 / / rw - ext4 /dev/nvme0n1 rw\n");
        Result result = host.run("vfio", "check", "nvme0n1", "0000:02:00.0");
        assertThat(result.status()).isNotZero();
        result = host.run("vfio", "check", "0000:02:00.0");
        assertThat(result.status()).isEqualTo(REFUSED);
        assertThat(result.out()).contains("root-file-system");
    }

    @Test
    void otherUsesAndLacksAreTold() throws Exception {
        nic.attribute("boot_vga", "1");
        refused("boot-display");
        nic.attribute("boot_vga", "0").attribute("reset_method", "");
        assertThat(host.run("vfio", "check", NIC).expectSuccess()).contains("no-reset (a warning)");
        nic.attribute("reset_method", "flr").attribute("driver_override", "vfio-pci");
        assertThat(words(host.run("vfio", "check", NIC).expectSuccess()))
                .contains("override-left (a warning)", "vfio unbind " + NIC);
        nic.attribute("class", "0x060400");
        refused("is-bridge");
    }

    @Test
    void aKernelWithoutVfioIsTold() throws Exception {
        host.remove("sys/module/vfio_pci");
        host.remove("sys/module/vfio_iommu_type1");
        refused("no-module", "vfio-pci vfio_iommu_type1", "linux-modules-extra");
        host.file(
                "lib/modules/6.12.0-test/modules.dep",
                "kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/vfio.ko.xz\n");
        host.file("lib/modules/6.12.0-test/modules.builtin", "kernel/drivers/vfio/vfio_iommu_type1.ko\n");
        assertThat(host.run("vfio", "check", NIC).status()).isZero();
    }

    @Test
    void aPhysicalFunctionKeepsItsDriverWhileItHasVirtualOnes() throws Exception {
        nic.vf(0, "0000:01:10.0", 8);
        refused("has-vfs", "sriov destroy " + NIC);
    }

    @Test
    void whatNoGuestCanHaveYetIsTold() throws Exception {
        assertThat(words(host.run("vfio", "check", "--memory=1G", NIC).out())).contains("not-bound", "igb");
        nic.driver("vfio-pci");
        assertThat(words(host.run("vfio", "check", "--memory=1G", NIC).out())).contains("no-vfio-node");
        host.file("dev/vfio/7", "");
        assertThat(host.run("vfio", "check", "--memory=64M", NIC).out()).doesNotContain("no-vfio-node");
    }

    @Test
    void virtualFunctionsThatCannotBeMadeAreExplained() throws Exception {
        createRefused("too-many-vfs", "7 virtual functions, not 8", "8");
        host.file(nic.at("net/eth0/flags"), "0x1002\n");
        createRefused("pf-down", "ip link set dev eth0 up", "1");
        host.file(nic.at("net/eth0/flags"), "0x1003\n");
        host.file(nic.at("resource"), "0x0 0x0 0x0\n".repeat(13));
        createRefused("no-mmio-space", "pci=realloc", "1");
        nic.sriov(7).vf(0, "0000:01:10.0", 8);
        createRefused("vfs-exist", "sriov destroy " + NIC, "2");
        host.remove(nic.at("driver"));
        createRefused("pf-without-driver", "it is the driver that makes", "1");
        nic.driver("vfio-pci");
        createRefused("pf-without-driver", "vfio unbind " + NIC, "1");
        nic.attribute("sriov_totalvfs", "0");
        createRefused("not-sriov", "no SR-IOV capability", "1");
    }

    @Test
    void aVirtualFunctionHasNoneItself() throws Exception {
        nic.vf(0, "0000:01:10.0", 8);
        Result result = host.run("sriov", "create", "0000:01:10.0", "1");
        assertThat(result.status()).isEqualTo(REFUSED);
        assertThat(words(result.err())).contains("not-sriov", "of " + NIC);
    }

    @Test
    void aWrongCommandLineIsMisuse() throws Exception {
        for (String line : new String[] {
            "vfio",
            "vfio frobnicate",
            "vfio bind",
            "vfio list " + NIC,
            "vfio bind --frobnicate " + NIC,
            "vfio check --memory=lots " + NIC,
            "vfio bind --owner=nobody-of-that-name " + NIC,
            "sriov",
            "sriov create " + NIC,
            "sriov create " + NIC + " 0",
            "sriov create " + NIC + " x",
            "sriov create --vlan=4095 " + NIC + " 1",
            "sriov create --mac=01:00:5e:00:00:01 " + NIC + " 1",
            "sriov create --trust=maybe " + NIC + " 1",
            "sriov create --rate=-1 " + NIC + " 1",
            "sriov destroy --vlan=5 " + NIC,
            "sriov lend " + NIC
        }) {
            String[] words = line.split(" ", -1);
            Result result = host.run(words[0], Arrays.copyOfRange(words, 1, words.length));
            assertThat(result.status()).as(line).isEqualTo(MISUSE);
            assertThat(result.err()).as(line).contains("(try --help)").hasLineCount(1);
        }
    }

    /** The NIC is refused, with all of these words, and nothing has been written. */
    private void refused(String... texts) throws Exception {
        Result result = host.run("vfio", "bind", NIC);
        assertThat(result.status()).isEqualTo(REFUSED);
        assertThat(words(result.err())).contains("nothing has been changed").contains(texts);
        assertThat(host.text("sys/bus/pci/drivers_probe")).isEmpty();
        assertThat(host.path("run/ringside/vfio/devices/" + NIC)).doesNotExist();
        // List gives the same answer.
        assertThat(host.run("vfio", "list", "--all").expectSuccess()).contains("no: ", texts[0]);
    }

    private void createRefused(String name, String text, String count) throws Exception {
        String before = host.text(nic.at("sriov_numvfs"));
        Result result = host.run("sriov", "create", NIC, count);
        assertThat(result.status()).isEqualTo(REFUSED);
        assertThat(words(result.err())).contains("nothing has been changed", name, text);
        assertThat(host.text(nic.at("sriov_numvfs"))).isEqualTo(before);
        assertThat(host.path("run/ringside/vfio/pfs/" + NIC)).doesNotExist();
    }

    /** Paragraphs are folded. */
    private static String words(String text) {
        return String.join(" ", text.trim().split("\\s+"));
    }
}
