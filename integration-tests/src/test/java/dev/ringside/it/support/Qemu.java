package dev.ringside.it.support;

/** The QEMUs that are tested with. */
public enum Qemu {
    /** The newest one. */
    LATEST("qemu-system-x86_64", "reconnect-ms=50"),
    /** 7.2, the oldest one that is supported. */
    DEBIAN_12("qemu-system-x86_64-7.2", "reconnect=1");

    private final String program;
    private final String reconnect;

    Qemu(String program, String reconnect) {
        this.program = program;
        this.reconnect = reconnect;
    }

    /** The property of a socket by which it is connected again as soon as that QEMU can. */
    String reconnect() {
        return reconnect;
    }

    String program() {
        return Lab.program(program);
    }
}
