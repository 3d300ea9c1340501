package dev.ringside.it.support;

/** The QEMUs that are tested with. */
public enum Qemu {
    /** The newest one. */
    LATEST("qemu-system-x86_64"),
    /** 7.2, the oldest one that is supported. */
    DEBIAN_12("qemu-system-x86_64-7.2");

    private final String program;

    Qemu(String program) {
        this.program = program;
    }

    String program() {
        return Lab.program(program);
    }
}
