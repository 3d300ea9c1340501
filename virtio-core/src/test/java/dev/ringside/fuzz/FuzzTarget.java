package dev.ringside.fuzz;

import java.io.IOException;

/**
 * Something that hostile bytes are thrown at. Its class is called {@code SomethingFuzz} and stands beside what it is for;
 * {@code scripts/fuzz} and {@link FuzzCorpus} find it by that name. An execution that throws has found something.
 */
public interface FuzzTarget extends AutoCloseable {
    /** One execution: the same bytes do the same again, whatever came before. */
    void execute(FuzzInput input) throws Exception;

    /** Looks at what is left over after all executions, and throws if that is more than there was before them. */
    @Override
    default void close() throws IOException {}
}
