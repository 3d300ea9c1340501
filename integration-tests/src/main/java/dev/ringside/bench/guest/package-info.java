/**
 * A guest of the lab that does as it is told, and the network that it reaches: what benchmarks of guests share.
 *
 * <pre>
 *   BenchGuest --- commands and what they print, over a virtio-serial port --- the lab's guest in QEMU
 *   Qmp            QEMU's control protocol
 *   Network        a network namespace: the host of the guest's NIC, where Iperf servers are
 *   Metrics        what our program beside it has counted
 * </pre>
 */
@NullMarked
package dev.ringside.bench.guest;

import org.jspecify.annotations.NullMarked;
