/**
 * {@code scripts/bench blk}: vhost-user-blk beside qemu-storage-daemon, and the limits: fio's io_uring engine on the same
 * file, and memcpy.
 *
 * <p>The front-end is {@code blk-client.c}, on libblkio, the same for both. Backend and client have a processor each; the
 * limits run on the backend's. Before each run {@link dev.ringside.bench.blk.DiskFile} brings the file and the page cache
 * into the same state, because a buffered overwrite costs ten times more or less depending on the size of the folios
 * that it hits.
 */
@NullMarked
package dev.ringside.bench.blk;

import org.jspecify.annotations.NullMarked;
