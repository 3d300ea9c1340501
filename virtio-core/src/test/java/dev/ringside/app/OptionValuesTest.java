package dev.ringside.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** Values on the command line, written as for QEMU. */
class OptionValuesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "512, 512",
        "1K, 1024",
        "1k, 1024",
        "512M, 536870912",
        "10G, 10737418240",
        "3T, 3298534883328",
        "8388607T, 9223370937343148032",
        "999999999999999999, 999999999999999999"
    })
    void shouldReadASize(String text, long bytes) throws Exception {
        assertThat(ByteSize.parse("--size", text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "K", "-1", "1.5G", "1KB", "1P", " 1", "1 K", "8388608T", "9999999999999999999", "0x10"})
    void shouldRefuseWhatIsNoSize(String text) {
        assertThatThrownBy(() -> ByteSize.parse("--size", text))
                .isInstanceOf(InvalidOptions.class)
                .hasMessageContaining("--size")
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void shouldSplitAtSingleCommas() {
        assertThat(KeyValues.split("a=1,b=2")).isEqualTo(List.of("a=1", "b=2"));
        assertThat(KeyValues.split("a=1,,2,b=3")).isEqualTo(List.of("a=1,2", "b=3"));
        assertThat(KeyValues.split("a,,,b")).isEqualTo(List.of("a,", "b"));
        assertThat(KeyValues.split("a,,,,b")).isEqualTo(List.of("a,,b"));
        assertThat(KeyValues.split("a")).isEqualTo(List.of("a"));
        assertThat(KeyValues.split("")).isEmpty();
        assertThat(KeyValues.split(",a,")).isEqualTo(List.of("a"));
    }

    @Test
    void shouldReadASwitch() {
        OnOff converter = new OnOff();
        for (String on : new String[] {"on", "true", "yes"}) {
            assertThat(converter.convert(on)).isTrue();
        }
        for (String off : new String[] {"off", "false", "no"}) {
            assertThat(converter.convert(off)).isFalse();
        }
        assertThatThrownBy(() -> converter.convert("maybe")).isInstanceOf(TypeConversionException.class);
    }
}
