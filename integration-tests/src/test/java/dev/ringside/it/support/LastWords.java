package dev.ringside.it.support;

import java.util.Optional;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.TestAbortedException;

/** Shows, with every test that fails, what the processes of its class have said last. JUnit finds it by itself. */
public final class LastWords implements BeforeAllCallback, AfterTestExecutionCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        Child.forgetAll();
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        Optional<Throwable> failure = context.getExecutionException();
        if (failure.isPresent() && !(failure.get() instanceof TestAbortedException)) {
            System.err.println(context.getRequiredTestClass().getSimpleName() + ", " + context.getDisplayName()
                    + " has failed. Its processes, and what they said last:");
            Child.latest().forEach(child -> System.err.println(child.lastWords()));
        }
    }
}
