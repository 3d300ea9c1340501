/**
 * Hostile bytes, chosen by machine. Each {@link dev.ringside.fuzz.FuzzTarget} turns bytes into what a guest, a front-end or
 * another peer might do, and checks what must hold whatever that was.
 *
 * <pre>
 *   scripts/fuzz   Jazzer chooses the bytes, by what new code they reach; hours by hand, seconds in each build
 *   FuzzCorpus     the inputs that were worth keeping, each run once in the ordinary tests; findings among them
 * </pre>
 *
 * <p>Nothing here depends on Jazzer: it finds {@link dev.ringside.fuzz.FuzzDriver} by name.
 */
package dev.ringside.fuzz;
