package dev.ringside.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/**
 * Listens to the log in the console's place. Whatever a guest or a front-end does is a warning at most, and expected: an
 * error, or anything unexpected, is a bug of ours even if nothing else shows.
 */
public final class LogWatch implements AutoCloseable {
    /** What is the peer's fault or the host's is told in words; this is neither. */
    private static final Pattern EXCEPTION = Pattern.compile("\\bjava\\.\\S+Exception\\b");

    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.ringside");
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            String message = event.getFormattedMessage();
            if (event.getLevel().isGreaterOrEqual(Level.ERROR)
                    || message.contains("unexpected")
                    || EXCEPTION.matcher(message).find()) {
                errors.add(message + trace(event));
            }
        }
    };

    private static String trace(ILoggingEvent event) {
        return event.getThrowableProxy() == null ? "" : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
    }

    /** Listens from now on. */
    public LogWatch() {
        appender.start();
        logger.addAppender(appender);
        logger.setLevel(Level.WARN);
        logger.setAdditive(false);
    }

    /** Errors logged so far. */
    public List<String> errors() {
        return List.copyOf(errors);
    }

    @Override
    public void close() {
        logger.setLevel(null);
        logger.setAdditive(true);
        logger.detachAppender(appender);
        appender.stop();
    }
}
