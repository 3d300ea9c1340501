/**
 * What stands behind a virtual disk: something that holds bytes and moves them straight into and out of guest memory.
 *
 * <pre>
 *   Storage        one disk's bytes: size, limits, whether it can discard
 *     StorageQueue its use by one queue, on that queue's loop; whole requests in, one completion each
 *
 *   nbd            an export of an NBD server, and so any format and most storage there is
 *   FileStorage    raw files and block devices, through the page cache or past it
 *   NullStorage    nothing at all, to measure what everything else costs
 * </pre>
 *
 * <p>A storage completes a request when all of it is done, however many operations that takes; it checks nothing that
 * comes from a guest, for {@code blk} has done so.
 */
@NullMarked
package dev.ringside.blk.storage;

import org.jspecify.annotations.NullMarked;
