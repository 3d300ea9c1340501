/**
 * A PCI function and the bus that it sits on, as two interfaces between which neither side knows the other: a device model
 * implements {@link dev.ringside.pci.PciFunction}, whoever serves it to a virtual machine implements {@link
 * dev.ringside.pci.PciBus}.
 *
 * <pre>
 *   configRead, configWrite, barRead, barWrite, reset      (the guest's accesses, one at a time)
 *        bus  -----------------------------------------&gt;  function
 *        bus  &lt;-----------------------------------------  function
 *   Dma: read, write, pieces     intx(level)               (what the function does by itself: bus mastering, INTA#)
 * </pre>
 *
 * <p>Both sides live on one loop and call each other directly, so nothing here locks. A DMA transfer may finish later, when
 * the guest's memory can be reached only by asking for it: a {@link dev.ringside.pci.DmaFence} tells when. Whatever
 * arrives here is a guest's: every offset, width and address is possible.
 *
 * <p>Section numbers in this package are those of the PCI Local Bus Specification 2.3 and, where they begin with PM, of the
 * PCI Power Management Specification 1.1.
 */
@NullMarked
package dev.ringside.pci;

import org.jspecify.annotations.NullMarked;
