package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.linux.Fd;
import dev.ringside.memory.DirtyLog;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The log of written pages that the front-end has given last; whether it is used, the features say (vhost-user,
 * "Migration").
 */
final class Logging {
    private final Negotiation negotiated;
    private @Nullable DirtyLog log;
    /** Signalled when the log has been modified, if the front-end wants that. */
    private @Nullable Fd modified;

    Logging(Negotiation negotiated) {
        this.negotiated = negotiated;
    }

    /** Where writes to the guest's memory are to be marked now. */
    @Nullable
    DirtyLog active() {
        return negotiated.logsAll() ? log : null;
    }

    boolean hasBase() {
        return log != null;
    }

    /** A migrating front-end that starts a vring anew sends its log after that: until then the vring has to wait. */
    boolean isAwaitedBy(Vring vring) {
        return negotiated.logsAll() && vring.logsUsed() && log == null;
    }

    /**
     * Maps another log.
     *
     * @return the one before, which the caller closes when no queue uses it any more
     */
    @Nullable
    DirtyLog replace(Message.SetLogBase set) throws MessageFault {
        DirtyLog before = log;
        log = DirtyLog.map(set.fd(), set.size(), set.offset());
        log.onModified(modified);
        return before;
    }

    /**
     * Signals changes of the log through another eventfd.
     *
     * @param fd taken over
     * @return the one before, which the caller closes when no queue uses it any more
     */
    @Nullable
    Fd signal(Fd fd) {
        Fd before = modified;
        modified = fd;
        if (log != null) {
            log.onModified(fd);
        }
        return before;
    }

    /** The messages that brought the log and its eventfd. */
    List<Frame> retell() {
        List<Frame> words = new ArrayList<>();
        if (modified != null) {
            words.add(Words.message(RequestType.SET_LOG_FD.number(), List.of(modified), payload -> {}));
        }
        if (log != null) {
            words.add(Words.logBase(log.size(), log.offset(), log.file()));
        }
        return words;
    }

    /** Unmaps the log; no queue runs. */
    void forget() {
        if (log != null) {
            log.close();
            log = null;
        }
        if (modified != null) {
            modified.close();
            modified = null;
        }
    }
}
