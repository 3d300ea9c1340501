package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.linux.Fd;
import dev.ringside.linux.MemFd;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinksTest {
    private final Links links = new Links();

    @Test
    void shouldShareASwitchByName() throws IOException {
        assertThat(links.open("switch")).isSameAs(links.open("switch"));
        assertThat(links.open("switch:a")).isNotSameAs(links.open("switch"));
        assertThat(links.open("echo")).isNotSameAs(links.open("echo"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "bridge", "tapfd:", "tapfd:-1", "tapfd:x", "stream:"})
    void shouldRefuseWhatIsNoLink(String description) {
        assertThatThrownBy(() -> links.open(description))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("link=" + description);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tap:", "tap:sixteen-letters-"})
    void shouldRefuseNamesThatNoInterfaceCanHave(String description) throws IOException {
        Link link = links.open(description);
        assertThatThrownBy(() -> link.attach(new Link.Nic("nic", 1, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1 to 15 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tap:tap0", "tapfd:3"})
    void shouldRefuseADescriptorTooFewForATapThatIsShared(String description) throws Exception {
        Fd none = MemFd.create("none", 1);
        Link link = links.join(description, List.of(none));
        assertThatThrownBy(() -> link.attach(new Link.Nic("nic", 2, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(description + ": ")
                .hasMessageContaining("1 are not 2");
        assertThat(none.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"echo", "switch"})
    void shouldShareNothingOfALinkThatEveryProcessHasForItself(String description) throws Exception {
        try (Port port = links.open(description).attach(new Link.Nic("nic", 1, 0));
                Port there = links.join(description, port.share()).attach(new Link.Nic("nic", 1, 0))) {
            assertThat(there.isUp()).isTrue();
        }
    }

    @Test
    void shouldRefuseADescriptorThatIsNoTap() throws IOException {
        Link link = links.open("tapfd:99999");
        assertThatThrownBy(() -> link.attach(new Link.Nic("nic", 1, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tapfd:99999")
                .hasMessageContaining("Bad file descriptor");
    }
}
