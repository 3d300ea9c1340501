package dev.ringside.fault;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A log that a guest can write to, but not fill. */
class FaultLogTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(FaultLogTest.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may wrap
    private final FaultLog log = new FaultLog(logger, clock::get);

    @BeforeEach
    void listen() {
        lines.start();
        logger.setAdditive(false);
        logger.setLevel(Level.WARN);
        logger.addAppender(lines);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(lines);
        logger.setAdditive(true);
    }

    private void warn(int times) {
        for (int i = 0; i < times; i++) {
            log.warn("queue 0", "broke a rule");
        }
    }

    @Test
    void shouldLogWhoDidWhat() {
        warn(1);
        assertThat(lines.list).singleElement().satisfies(line -> {
            assertThat(line.getLevel()).isEqualTo(Level.WARN);
            assertThat(line.getFormattedMessage()).isEqualTo("queue 0: broke a rule");
        });
    }

    @Test
    void shouldLogNoMoreThanABurst() {
        warn(1000);
        assertThat(lines.list).hasSize(FaultLog.BURST);
    }

    @Test
    void shouldTellHowManyWereLeftOut() {
        warn(FaultLog.BURST + 7);
        clock.addAndGet(FaultLog.WINDOW_NANOS);
        warn(2);
        assertThat(lines.list).hasSize(FaultLog.BURST + 2);
        assertThat(lines.list.get(FaultLog.BURST).getFormattedMessage())
                .isEqualTo("queue 0: broke a rule (7 similar lines left out)");
        assertThat(lines.list.get(FaultLog.BURST + 1).getFormattedMessage()).isEqualTo("queue 0: broke a rule");
    }

    @Test
    void shouldGoOnLeavingOutUntilTheWindowIsOver() {
        warn(FaultLog.BURST);
        clock.addAndGet(FaultLog.WINDOW_NANOS - 1);
        warn(1);
        assertThat(lines.list).hasSize(FaultLog.BURST);
        clock.addAndGet(1);
        warn(1);
        assertThat(lines.list).hasSize(FaultLog.BURST + 1);
    }
}
