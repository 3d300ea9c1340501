/**
 * The live fuzzer: the executables as a user starts them, each with two devices. One is at the mercy of a front-end that
 * does anything, while another of its threads rewrites rings, descriptors and buffers that the back-end is reading; on the
 * other a {@link dev.ringside.it.live.Canary} does I/O and verifies it all the while.
 *
 * <pre>
 *   HostileFrontEnd, Rewriter --- first device  \
 *                                                 one process: alive in the end, and holds no more than in the beginning
 *   Canary ---------------------- second device /
 * </pre>
 */
package dev.ringside.it.live;
