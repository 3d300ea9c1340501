package dev.ringside.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** What has passed through a queue pair. Each side is written by the one loop that owns its queue, and read by any. */
final class QueueCounters {
    private static final VarHandle SENT_FRAMES = counter("sentFrames");
    private static final VarHandle SENT_BYTES = counter("sentBytes");
    private static final VarHandle SENT_GSO = counter("sentGso");
    private static final VarHandle RECEIVED_FRAMES = counter("receivedFrames");
    private static final VarHandle RECEIVED_BYTES = counter("receivedBytes");
    private static final VarHandle RECEIVED_GSO = counter("receivedGso");

    private long sentFrames;
    private long sentBytes;
    private long sentGso;
    private long receivedFrames;
    private long receivedBytes;
    private long receivedGso;

    private static VarHandle counter(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(QueueCounters.class, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** The guest has sent a frame, which may be dropped later on. */
    void sent(int bytes, boolean gso) {
        SENT_FRAMES.setOpaque(this, sentFrames + 1);
        SENT_BYTES.setOpaque(this, sentBytes + bytes);
        if (gso) {
            SENT_GSO.setOpaque(this, sentGso + 1);
        }
    }

    /** The guest has been given a frame. */
    void received(int bytes, boolean gso) {
        RECEIVED_FRAMES.setOpaque(this, receivedFrames + 1);
        RECEIVED_BYTES.setOpaque(this, receivedBytes + bytes);
        if (gso) {
            RECEIVED_GSO.setOpaque(this, receivedGso + 1);
        }
    }

    long sentFrames() {
        return (long) SENT_FRAMES.getOpaque(this);
    }

    long sentBytes() {
        return (long) SENT_BYTES.getOpaque(this);
    }

    long sentGso() {
        return (long) SENT_GSO.getOpaque(this);
    }

    long receivedFrames() {
        return (long) RECEIVED_FRAMES.getOpaque(this);
    }

    long receivedBytes() {
        return (long) RECEIVED_BYTES.getOpaque(this);
    }

    long receivedGso() {
        return (long) RECEIVED_GSO.getOpaque(this);
    }
}
