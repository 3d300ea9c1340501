/**
 * The control-plane system calls that Java does not offer, bound through JNA: sockets that carry file descriptors,
 * eventfd, memfd, mmap, open-file-description locks, and files on raw addresses.
 *
 * <p>Every descriptor has exactly one owner, an {@link dev.ringside.linux.Fd}, from the call that made it to the
 * {@code close} that ends it; a method that takes an {@code Fd} borrows it unless it says that it takes it over.
 * Failures are {@link dev.ringside.linux.LinuxException}s that name the call, its object and the errno.
 *
 * <p>A JNA call costs about 100 ns more than the system call that it makes: fine for each message, not for each
 * packet. The data path goes through {@code loop} instead, or through {@link dev.ringside.linux.VectorIo}, which is bound
 * by {@code java.lang.foreign} and costs next to nothing.
 */
@NullMarked
package dev.ringside.linux;

import org.jspecify.annotations.NullMarked;
