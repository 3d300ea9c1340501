package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Result;
import java.util.function.Consumer;

/** How a program refuses its work: one clear line on stderr, nothing on stdout, and a status that is not 0. */
final class Complaint {
    private Complaint() {}

    static Consumer<Result> with(int status, String text) {
        return of("vhost-user-blk", status, text);
    }

    static Consumer<Result> of(String program, int status, String text) {
        return result -> {
            assertThat(result.err()).startsWith(program + ": ").contains(text).hasLineCount(1);
            assertThat(result.out()).isEmpty();
            assertThat(result.status()).isEqualTo(status);
        };
    }
}
