package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
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

    @Test
    void shouldRefuseADescriptorThatIsNoTap() throws IOException {
        Link link = links.open("tapfd:99999");
        assertThatThrownBy(() -> link.attach(new Link.Nic("nic", 1, 0)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tapfd:99999")
                .hasMessageContaining("Bad file descriptor");
    }
}
