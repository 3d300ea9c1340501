package dev.ringside.fuzz;

/** Where the fuzzer (Jazzer, which runs libFuzzer in this process) enters: it knows these three methods by name. */
public final class FuzzDriver {
    private static FuzzTarget target;
    private static long executions;
    private static boolean found;

    /** The status of a process that holds more in the end than in the beginning. */
    private static final int LEFT_OVER = 78;

    private FuzzDriver() {}

    /**
     * Makes the target.
     *
     * @param arguments its class
     */
    public static void fuzzerInitialize(String[] arguments) throws ReflectiveOperationException {
        target = make(arguments[0]);
    }

    static FuzzTarget make(String className) throws ReflectiveOperationException {
        return Class.forName(className)
                .asSubclass(FuzzTarget.class)
                .getDeclaredConstructor()
                .newInstance();
    }

    public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
        executions++;
        try {
            target.execute(new FuzzInput(bytes));
        } catch (Throwable e) {
            found = true;
            throw e;
        }
    }

    /** Runs in a shutdown hook, where Jazzer would wait for itself if this threw. */
    public static void fuzzerTearDown() {
        System.err.println("executions: " + executions);
        if (!found) {
            // Not counted among the threads that a target may have left.
            Thread.currentThread().setName("main");
            try {
                target.close();
            } catch (Throwable e) {
                e.printStackTrace();
                Runtime.getRuntime().halt(LEFT_OVER);
            }
        }
    }
}
