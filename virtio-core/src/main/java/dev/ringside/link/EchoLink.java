package dev.ringside.link;

/** A host that answers ARP, neighbour solicitations and ping for every address: a network without any network. */
final class EchoLink implements Link {
    @Override
    public String name() {
        return "echo";
    }

    @Override
    public Port attach(Nic nic) {
        return new EchoPort(nic.pairs());
    }

    @Override
    public void close() {
        // Nothing of the host is held.
    }
}
