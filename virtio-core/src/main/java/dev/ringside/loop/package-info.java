/**
 * The threads that devices run on: Netty event loops that own queues, wait for kicks and do file I/O on raw addresses.
 *
 * <p>A {@link dev.ringside.loop.DeviceLoop} is one thread around one Netty {@code IoEventLoop}. It works in turns:
 *
 * <pre>
 *   wait (one io_uring_enter submits what the last turn queued, and sleeps)
 *     -> events: kicks, finished I/O, readable sockets
 *     -> tasks that other threads handed over
 *     -> end of turn: each queue that finished something publishes once and calls its driver at most once
 * </pre>
 *
 * <p>Two engines do the same work: io_uring, and epoll with a thread pool for file I/O where io_uring is refused (old
 * kernels, seccomp profiles of container runtimes). All that is registered here is used on the loop's own thread only;
 * other threads go through {@link dev.ringside.loop.DeviceLoop#execute} and {@link
 * dev.ringside.loop.DeviceLoop#call}.
 */
@NullMarked
package dev.ringside.loop;

import org.jspecify.annotations.NullMarked;
