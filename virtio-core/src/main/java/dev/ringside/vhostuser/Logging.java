package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.memory.DirtyLog;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The log of written pages that the front-end has given last; whether it is used, the features say (vhost-user, "Migration"). */
final class Logging {
    private final Negotiation negotiated;
    private @Nullable DirtyLog log;

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
        return before;
    }

    /** The message that brought the log. */
    List<Frame> retell() {
        return log == null ? List.of() : List.of(Words.logBase(log.size(), log.offset(), log.file()));
    }

    /** Unmaps the log; no queue runs. */
    void forget() {
        if (log != null) {
            log.close();
            log = null;
        }
    }
}
