package dev.ringside.bench.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringside.bench.BenchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessorsTest {
    @Test
    void readsTheKernelsLists() {
        assertThat(Processors.list("3")).containsExactly(3);
        assertThat(Processors.list("0-2,7,9-10")).containsExactly(0, 1, 2, 7, 9, 10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "0,1,2", "a,b", "0,99999", "-1,0"})
    void refusesWhatIsNotTwoProcessorsOfThisMachineInOneLine(String text) {
        assertThatThrownBy(() -> Processors.parse(text))
                .isInstanceOf(BenchException.class)
                .hasMessageContaining("--cpus")
                .message()
                .doesNotContain("\n");
    }
}
