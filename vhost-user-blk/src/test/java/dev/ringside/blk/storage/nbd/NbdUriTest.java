package dev.ringside.blk.storage.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.app.InvalidOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NbdUriTest {
    private static NbdUri parse(String value) throws InvalidOptions {
        return NbdUri.parse("--blk-file", value);
    }

    @ParameterizedTest
    @CsvSource({
        "nbd://host/disk, host, 10809, disk",
        "nbd://host:1/disk, host, 1, disk",
        "nbd://10.0.0.1:65535/, 10.0.0.1, 65535, ''",
        "nbd://host, host, 10809, ''",
        "nbd://[::1]:7/a/b, ::1, 7, a/b",
        "nbd://host/a%20b%2Fc, host, 10809, a b/c",
    })
    void shouldReadTcp(String value, String host, int port, String export) throws Exception {
        assertThat(parse(value)).isEqualTo(new NbdUri(host, port, null, export));
    }

    @ParameterizedTest
    @CsvSource({
        "nbd+unix:///disk?socket=/run/s, /run/s, disk",
        "nbd+unix:///?socket=/run/s, /run/s, ''",
        "nbd+unix:///d?socket=relative+plus, relative+plus, d",
        "nbd+unix:///d?socket=/a%20b, /a b, d",
    })
    void shouldReadUnix(String value, String socket, String export) throws Exception {
        assertThat(parse(value)).isEqualTo(new NbdUri(null, 0, socket, export));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nbd:///disk",
                "nbd://host:0/disk",
                "nbd://host:65536/disk",
                "nbd://host:x/disk",
                "nbd://user@host/disk",
                "nbd://host/disk#part",
                "nbd://host/disk?socket=/s",
                "nbd://ho st/disk",
                "nbd+unix:///disk",
                "nbd+unix:///disk?socket=",
                "nbd+unix:///disk?file=/s",
                "nbd+unix:///disk?socket=/s&tls=on",
                "nbd+unix://host/disk?socket=/s",
            })
    void shouldRefuseInOneLineThatNamesTheOption(String value) {
        assertThatThrownBy(() -> parse(value))
                .isInstanceOf(InvalidOptions.class)
                .hasMessageStartingWith("--blk-file wants nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH")
                .hasMessageContaining(value)
                .message()
                .hasLineCount(1);
    }

    @Test
    void shouldRefuseWhatIsTooLong() {
        assertThatThrownBy(() -> parse("nbd+unix:///d?socket=/" + "x".repeat(107)))
                .hasMessageEndingWith("a socket's path has 1 to 107 bytes");
        assertThatThrownBy(() -> parse("nbd://host/" + "x".repeat(4097))).hasMessageContaining("4096");
    }

    @ParameterizedTest
    @CsvSource({
        "nbd://h/e, true",
        "nbd+unix:///e?socket=s, true",
        "nbd.img, false",
        "/nbd://x, false",
        "nbds://h/e, false"
    })
    void shouldTellExportsFromFiles(String value, boolean nbd) {
        assertThat(NbdUri.isNbd(value)).isEqualTo(nbd);
    }
}
