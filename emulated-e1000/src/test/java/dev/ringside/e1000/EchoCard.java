package dev.ringside.e1000;

import dev.ringside.link.Link;
import dev.ringside.link.Links;
import dev.ringside.linux.LinuxException;
import dev.ringside.loop.DeviceLoop;
import dev.ringside.metrics.Metrics;
import dev.ringside.pci.PciFunction;
import java.io.IOException;
import java.util.Map;

/** A whole card, on a link that sends back what it gets. */
public final class EchoCard {
    private final E1000 function;

    /** @param loop where it lives */
    public EchoCard(DeviceLoop loop) throws LinuxException {
        try {
            Link link = new Links().open("echo");
            function = new E1000(
                    "card", TestDriver.MAC, link.attach(new Link.Nic("card", 1, 0)), loop, Metrics.NONE, Map.of());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    public PciFunction function() {
        return function;
    }
}
