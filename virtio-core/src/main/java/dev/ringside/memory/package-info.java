/**
 * Guest memory as a device sees it: regions that the front-end shares, addressed two ways.
 *
 * <p>A front-end passes the guest's RAM as file descriptors; each becomes a {@link dev.ringside.memory.MemoryRegion},
 * mapped once. A {@link dev.ringside.memory.GuestMemory} is an immutable table of regions: every change of the memory
 * table makes a new one (a <em>generation</em>), and a queue moves from one to the next between requests, never
 * during one.
 *
 * <pre>
 *   guest-physical address          front-end virtual address     (descriptors use the former, vring addresses
 *          |                                 |                     the latter; virtio 1.2 §2.7, vhost-user
 *          +------------ region -------------+                     "Memory access")
 *                          |
 *                MemorySegment + offset  ->  raw address for io_uring
 * </pre>
 *
 * <p>Of a device behind an IOMMU both are I/O virtual addresses, which an {@link dev.ringside.memory.Iotlb} translates to
 * front-end virtual ones as far as the front-end has told.
 *
 * <p>Shared fields are read and written through {@link dev.ringside.memory.GuestAccess} only, little-endian, with the
 * memory order in the method's name.
 */
@NullMarked
package dev.ringside.memory;

import org.jspecify.annotations.NullMarked;
