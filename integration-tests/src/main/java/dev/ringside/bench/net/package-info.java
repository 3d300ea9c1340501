/**
 * {@code scripts/bench net}: what vhost-user-net does and costs.
 *
 * <pre>
 *   guest cells      guest --- NIC of a contender --- TAP --- iperf3, in a network namespace of its own
 *                    ringside: scripts/vhost-user-net     peer: QEMU's own virtio-net on the TAP
 *
 *   forward cells    testpmd, virtio_user 0 --- contender --- virtio_user 1, testpmd
 *                    ringside: its switch                 peer: another testpmd, with two ports of the vhost driver
 * </pre>
 *
 * <p>In the forward cells a fixed number of frames goes round: what the generator receives on one port it sends out of
 * the other. Both sides poll.
 */
@NullMarked
package dev.ringside.bench.net;

import org.jspecify.annotations.NullMarked;
