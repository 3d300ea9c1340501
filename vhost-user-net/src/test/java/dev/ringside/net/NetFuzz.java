package dev.ringside.net;

import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.fuzz.HostileDriver;
import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.link.MacAddress;
import dev.ringside.link.Port;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.loop.Engine;
import dev.ringside.metrics.Metrics;
import dev.ringside.testing.LogWatch;
import java.util.concurrent.CompletableFuture;

/** A NIC whose driver sends anything, through a switch and its offloads, to one whose driver makes any room for it. */
public final class NetFuzz implements FuzzTarget {
    private static final int MAX_STEPS = 64;

    private final LogWatch log = new LogWatch();
    private final DeviceLoop loop = DeviceLoop.start("fuzz", Engine.best());
    private final HostileDriver sender = new HostileDriver();
    private final HostileDriver receiver = new HostileDriver();
    private final HostileDriver controller = new HostileDriver();

    @Override
    public void execute(FuzzInput input) throws Exception {
        int how = input.u8();
        try (Link link = new Links().open("switch");
                Port one = link.attach(new Link.Nic("one", 1, 0));
                Port other = link.attach(new Link.Nic("other", 1, 0))) {
            NetDevice from = device(one);
            NetDevice to = device(other);
            // Half of the receivers take frames as they are, the other half has everything made up for.
            long receives = (how & 1) != 0 ? to.features() : to.features() & ~NetFeature.OFFLOADS;
            HostileDriver.await(loop.call(() -> {
                        sender.start(loop, from, QueueRig.TX, from.features());
                        receiver.start(loop, to, QueueRig.RX, receives);
                        controller.start(loop, from, QueueRig.CONTROL, from.features());
                        for (int step = 0; input.hasMore() && step < MAX_STEPS; step++) {
                            step(input);
                        }
                        return CompletableFuture.allOf(sender.stop(), receiver.stop(), controller.stop());
                    })
                    .thenCompose(stopped -> stopped));
        }
        if (!log.errors().isEmpty()) {
            throw new AssertionError(log.errors().toString());
        }
    }

    private void step(FuzzInput input) {
        int which = input.u8();
        HostileDriver driver = switch (which & 7) {
            case 0, 1, 2 -> receiver;
            case 3 -> controller;
            default -> sender;
        };
        switch (which >> 4) {
            case 0 -> driver.poke(input);
            case 1, 2, 3, 4 -> driver.poll();
            default -> driver.offer(input);
        }
    }

    private static NetDevice device(Port port) {
        NetConfig config = new NetConfig(MacAddress.parse("52:54:00:00:00:01"), 1, 1500, 1000);
        return new NetDevice("net", "net", port, config, 1, Metrics.NONE);
    }

    @Override
    public void close() {
        loop.close();
        sender.close();
        receiver.close();
        controller.close();
        log.close();
    }
}
