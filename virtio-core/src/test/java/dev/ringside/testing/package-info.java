/**
 * The other side of everything that is tested: a driver, a front-end, a guest's memory.
 *
 * <pre>
 *   unit tests       FakeDriver -- rings in FakeMemory ------------------> Virtqueue
 *   protocol tests   FakeFrontEnd -- AF_UNIX socket --> VhostUserServer in TestServer
 *                      FakeVring -- rings, eventfds --> RunningQueue -> EchoDevice, or a real device
 *                    TraceReplay: a FakeFrontEnd that says what a real one once said
 *   leaks            ProcSelf: what this process holds of the kernel
 * </pre>
 *
 * <p>Numbers of messages, flags and layouts stand here a second time, from the specifications: a test that took them from
 * the code would find no mistake in them. Everything that waits has a deadline and nothing sleeps.
 */
package dev.ringside.testing;
