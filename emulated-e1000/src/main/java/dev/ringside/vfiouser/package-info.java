/**
 * The vfio-user protocol: PCI config space, BARs, the DMA table and interrupts. It never knows which card it serves. Not built yet.
 */
@NullMarked
package dev.ringside.vfiouser;

import org.jspecify.annotations.NullMarked;
