package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringside.it.support.HostTree;
import dev.ringside.it.support.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code scripts/vfio} and {@code scripts/sriov} make of a host's sysfs, an odd or hostile one included. */
class PassthroughLookIT {
    private static final String NIC = "0000:01:00.0";

    @TempDir
    private Path directory;

    private HostTree host;

    @BeforeEach
    void makeHost() {
        host = new HostTree(directory);
    }

    @Test
    void factsOfADevice() throws Exception {
        host.device(NIC, 7).net("eth0").sriov(7).attribute("numa_node", "1");
        host.device("0000:01:00.1", 7).driver("vfio-pci");
        JsonNode device = list().get(0);
        assertThat(device.path("address").asText()).isEqualTo(NIC);
        assertThat(device.path("vendor_id").asText()).isEqualTo("8086");
        assertThat(device.path("device_id").asText()).isEqualTo("10c9");
        assertThat(device.path("driver").asText()).isEqualTo("igb");
        assertThat(device.path("driver_override").isNull()).isTrue();
        assertThat(device.path("iommu_group").asInt()).isEqualTo(7);
        assertThat(device.path("group_members")).hasSize(2);
        assertThat(device.path("reset_methods").asText()).isEqualTo("flr bus");
        assertThat(device.path("numa_node").asInt()).isEqualTo(1);
        assertThat(device.path("interfaces").get(0).asText()).isEqualTo("eth0");
        assertThat(device.path("vfs_total").asInt()).isEqualTo(7);
        assertThat(device.path("ready").asBoolean()).isTrue();
    }

    @Test
    void namesComeFromPciIds() throws Exception {
        host.device(NIC, 7);
        host.device("0000:02:00.0", 8).attribute("vendor", "0x1af4").attribute("device", "0x1041");
        host.file("usr/share/misc/pci.ids", """
                # comment
                1af4  Red Hat, Inc.
                \t1042  Virtio block
                8086  Intel
                \t10c9  82576 NIC
                \t\t8086 a03c  Sub
                """);
        String list = host.run("vfio", "list").expectSuccess();
        assertThat(list).contains("Intel 82576 NIC").contains("Red Hat, Inc. network controller 1af4:1041");
        assertThat(list().get(0).path("device_name").asText()).isEqualTo("82576 NIC");
    }

    @Test
    void bridgesAreLeftOutUnlessAskedFor() throws Exception {
        host.device("0000:00:01.0", 1).attribute("class", "0x060400").driver("pcieport");
        assertThat(host.run("vfio", "list").expectSuccess()).doesNotContain("0000:00:01.0");
        assertThat(host.run("vfio", "list", "--all").expectSuccess()).contains("0000:00:01.0");
    }

    @Test
    void virtualFunctionsKnowTheirPhysicalOne() throws Exception {
        HostTree.Device pf = host.device(NIC, 7).net("eth0").sriov(2);
        pf.vf(0, "0000:01:10.0", 8);
        pf.vf(1, "0000:01:10.2", 9);
        JsonNode vfs = json("sriov", "list", "--json").get(0).path("vfs");
        assertThat(vfs).extracting(vf -> vf.path("address").asText()).containsExactly("0000:01:10.0", "0000:01:10.2");
        assertThat(list().get(1).path("physical_function").asText()).isEqualTo(NIC);
    }

    @Test
    void anEmptyHostHasNoDevices() throws Exception {
        assertThat(list()).isEmpty();
        assertThat(json("sriov", "list", "--json")).isEmpty();
        assertThat(json("vfio", "status", "--json")).isEmpty();
        assertThat(host.run("vfio", "status").expectSuccess()).contains("nothing is to be restored");
    }

    @Test
    void withoutSysfsThereIsNothing() throws Exception {
        HostTree nothing = new HostTree(Files.createDirectory(directory.resolve("other")));
        nothing.remove("sys/bus/pci/devices");
        assertThat(nothing.run("vfio", "list").expectSuccess())
                .startsWith("ADDRESS")
                .hasLineCount(1);
    }

    @Test
    void aDeviceOfWhichAllIsMissingIsListed() throws Exception {
        HostTree.Device device = host.device(NIC, 7);
        for (String name : new String[] {
            "class", "vendor", "device", "driver_override", "reset_method", "numa_node", "driver", "iommu_group"
        }) {
            host.remove(device.at(name));
        }
        JsonNode listed = list().get(0);
        assertThat(listed.path("vendor_id").isNull()).isTrue();
        assertThat(listed.path("iommu_group").isNull()).isTrue();
        assertThat(listed.path("group_members")).isEmpty();
        assertThat(listed.path("ready").asBoolean()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "two words",
                "quote\"quote",
                "back\\slash",
                "new\nline",
                "tab\tstop",
                "esc\u001b[31mred",
                "$(reboot)",
                "`reboot`",
                "-n",
                "*",
                "caf\u00e9",
                "{}],\""
            })
    void anyNameIsToldAsItIsInJsonAndCommandsNoTerminal(String name) throws Exception {
        HostTree.Device device = host.device(NIC, 7).net(name).driver(name);
        JsonNode listed = list().get(0);
        assertThat(listed.path("interfaces").get(0).asText()).isEqualTo(name);
        assertThat(listed.path("driver").asText()).isEqualTo(name);
        String table = host.run("vfio", "list").expectSuccess();
        assertThat(table).doesNotContain("\u001b", "new\nline");
        assertThat(host.run("vfio", "bind", "--dry-run", device.address()).expectSuccess())
                .contains("would write 'vfio-pci' to");
    }

    @Test
    void bytesThatAreNoTextAreReplacedInJson() throws Exception {
        HostTree.Device device = host.device(NIC, 7);
        Files.write(host.path(device.at("driver_override")), new byte[] {'a', (byte) 0xff, (byte) 0xc3, 'b', '\n'});
        assertThat(list().get(0).path("driver_override").asText()).isEqualTo("a\ufffd\ufffdb");
        Files.write(host.path(device.at("driver_override")), "gr\u00fc\u00df\n".getBytes(StandardCharsets.UTF_8));
        assertThat(list().get(0).path("driver_override").asText()).isEqualTo("gr\u00fc\u00df");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "99999999999999999999", "1+1", "a[$(touch pwned)]", "-3", "0x10"})
    void aNumberThatIsNoneCountsAsNone(String number) throws Exception {
        host.device(NIC, 7).sriov(7).attribute("sriov_totalvfs", number).attribute("numa_node", number);
        assertThat(list().get(0).path("vfs_total").asInt()).isLessThanOrEqualTo(0);
        assertThat(json("sriov", "list", "--json")).isEmpty();
        assertThat(directory.resolve("pwned")).doesNotExist();
    }

    @Test
    void entriesThatAreNoAddressesAreNotDevices() throws Exception {
        host.device(NIC, 7);
        Path elsewhere = host.directory("elsewhere/0000:05:00.0");
        host.link("sys/bus/pci/devices/0000:05:00.0", elsewhere);
        host.link("sys/bus/pci/devices/0000:06:00.0", host.path("nowhere"));
        host.link("sys/bus/pci/devices/0000:01:00.0 or so", host.path("sys/devices/pci0000:00/" + NIC));
        host.directory("sys/bus/pci/devices/...");
        assertThat(list()).extracting(device -> device.path("address").asText()).containsExactly(NIC);
        assertThat(host.run("vfio", "check", "0000:05:00.0").err()).contains("no PCI device 0000:05:00.0");
    }

    @Test
    void linksThatLeadElsewhereAreNotBelieved() throws Exception {
        HostTree.Device device = host.device(NIC, 7).sriov(2);
        Path elsewhere = host.directory("elsewhere/12");
        host.link(device.at("driver"), elsewhere);
        host.link(device.at("iommu_group"), elsewhere);
        host.link(device.at("virtfn0"), elsewhere);
        host.link(device.at("physfn"), elsewhere);
        JsonNode listed = list().get(0);
        assertThat(listed.path("driver").isNull()).isTrue();
        assertThat(listed.path("iommu_group").isNull()).isTrue();
        assertThat(listed.path("physical_function").isNull()).isTrue();
        assertThat(json("sriov", "list", "--json").get(0).path("vfs")).isEmpty();
    }

    @Test
    void whatIsNoOrdinaryFileIsNotRead() throws Exception {
        HostTree.Device device = host.device(NIC, 7);
        host.remove(device.at("numa_node"));
        host.directory(device.at("numa_node"));
        host.remove(device.at("reset_method"));
        assertThat(new ProcessBuilder(
                                "mkfifo", host.path(device.at("reset_method")).toString())
                        .start()
                        .waitFor())
                .isZero();
        assertThat(list().get(0).path("reset_methods").isNull()).isTrue();
    }

    @Test
    void interfacesThatStandOnEachOtherDoNotGoOnForEver() throws Exception {
        host.device(NIC, 7).net("eth0");
        host.virtualInterface("a");
        host.virtualInterface("b");
        host.standsOn("a", "eth0");
        host.standsOn("b", "a");
        host.standsOn("a", "b");
        host.defaultRoute("eth1");
        assertThat(list().get(0).path("ready").asBoolean()).isTrue();
    }

    private JsonNode list() throws IOException, InterruptedException {
        return json("vfio", "list", "--json");
    }

    private JsonNode json(String script, String... arguments) throws IOException, InterruptedException {
        Result result = host.run(script, arguments);
        assertThat(result.err()).isEmpty();
        return new ObjectMapper().readTree(result.expectSuccess());
    }
}
