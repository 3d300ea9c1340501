package dev.ringside.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.linux.UnixSocket;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.testing.EachEngine;
import dev.ringside.testing.FakeFrontEnd;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** Peers that come faster than they are turned away. */
@EachEngine
class AcceptorTest {
    /** All that wait without being asked for. */
    private static final int BACKLOG = 16;

    @Parameter
    Engine engine;

    @TempDir
    private Path directory;

    private final List<UnixSocket> peers = new ArrayList<>();
    private final CompletableFuture<Void> allTurnedAway = new CompletableFuture<>();
    private final CompletableFuture<Integer> turnedAwayBeforeOtherWork = new CompletableFuture<>();
    private DeviceLoop loop;
    private Acceptor acceptor;
    private int turnedAway;
    private int nested;
    private int deepest;

    @BeforeEach
    void flood() throws Exception {
        loop = DeviceLoop.start("loop-under-test", engine);
        Path path = directory.resolve("socket");
        acceptor = new Acceptor(loop, UnixSocket.listen(path), this::turnAway);
        for (int i = 0; i < BACKLOG; i++) {
            peers.add(UnixSocket.connect(path));
        }
    }

    @AfterEach
    void close() throws Exception {
        peers.forEach(UnixSocket::close);
        get(loop.call(() -> {
            acceptor.close();
            return null;
        }));
        loop.close();
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(FakeFrontEnd.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void turnAway(UnixSocket connection) {
        nested++;
        deepest = Math.max(deepest, nested);
        connection.close();
        if (turnedAway == 0) {
            loop.atEndOfTurn(() -> turnedAwayBeforeOtherWork.complete(turnedAway));
        }
        turnedAway++;
        if (turnedAway == BACKLOG) {
            allTurnedAway.complete(null);
        } else {
            acceptor.acceptNext();
        }
        nested--;
    }

    @Test
    void shouldTurnThemAwayOneByOneAndDoOtherWorkMeanwhile() throws Exception {
        get(loop.call(() -> {
            acceptor.acceptNext();
            return null;
        }));
        get(allTurnedAway);
        assertThat(get(turnedAwayBeforeOtherWork)).isEqualTo(1);
        assertThat(get(loop.call(() -> deepest))).isEqualTo(1);
    }
}
