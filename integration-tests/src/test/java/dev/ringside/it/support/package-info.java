/**
 * The actors of the integration tests, each a real process that ends with its test.
 *
 * <pre>
 *   Lab       scripts/lab: where QEMU, its tools and the guest are
 *   Backend   scripts/vhost-user-blk: the program under test
 *   E1000     scripts/emulated-e1000, the same; TwoStations: its card and another NIC in one guest
 *   Guest     a Linux in a QEMU, with a shell to talk to; Qmp talks to the QEMU
 *   QemuTools qemu-io, qemu-img: front-ends without a guest
 *   Uml       a Linux with a front-end of its own
 * </pre>
 *
 * <p>Waiting is for something that happens: a line that is said, a process that ends. How long it may take is a limit
 * ({@link dev.ringside.it.support.Patience}), never a measure.
 */
@NullMarked
package dev.ringside.it.support;

import org.jspecify.annotations.NullMarked;
