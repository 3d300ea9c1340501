/**
 * {@code scripts/bench e1000}: what emulating a card in another process does and costs, beside a card emulated within QEMU.
 *
 * <pre>
 *   guest --- card of a contender --- TAP --- iperf3, in a network namespace of its own
 *             ringside, polling: scripts/emulated-e1000     qemu: its own e1000 on the TAP
 * </pre>
 *
 * <p>The figure behind the others is how many accesses of the guest have been trapped for a packet, and how many of these its
 * processor has waited for: our program counts them.
 */
@NullMarked
package dev.ringside.bench.e1000;

import org.jspecify.annotations.NullMarked;
