/**
 * The Intel 82540EM, a PCI network card of 2002 that nearly every operating system has a driver for, as its manual
 * describes it: "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual" (8254x). Section numbers
 * here are the manual's, and so are the names of registers and bits.
 *
 * <pre>
 *                      PciFunction: config space, BAR 0 (registers), BAR 2 (I/O window on them)
 *                            |
 *                          E1000 ------ RegisterFile: what is stored; masks, resets
 *            .---------------+-----------------+--------------------.
 *     Transmitter       Receiver           Interrupts       Eeprom, Phy, MacLink
 *     descriptors in    filters, rings,    ICR, IMS, ITR    what software finds out, and link
 *     frames out        descriptors out    delay timers     up and down
 *            |               |                  |
 *      link.TxLane     link.RxBuffers        PciBus.intx
 * </pre>
 *
 * <p><b>Frames and guest memory.</b> To send, descriptors are fetched in batches and a frame is described by the pieces of
 * guest memory that it lies in; only its headers are copied, so that what was decided from them stays true. What is still to
 * be done to a frame (checksums, segmentation) is written in the virtio-net header that links understand, and done by
 * whatever needs it done. To receive, a frame is copied into the card's own packet memory, looked at, and copied on into the
 * driver's buffers.
 *
 * <p><b>DMA may take its time</b> ({@link dev.ringside.pci.Dma}). Both engines are small state machines that run until a
 * {@link dev.ringside.pci.DmaFence} has something outstanding, and run on when it is idle again. With shared memory it
 * always is, and a frame passes in one go.
 *
 * <p><b>The guest is hostile.</b> A register may be written with anything at any time. Rings whose numbers make no sense do
 * nothing; a ring that lies outside memory stops until its registers are written again; a frame that makes no sense is
 * dropped and its descriptors are handed back. Each run of an engine is bounded, by the ring's size and by a budget.
 *
 * <p>Everything runs on one loop, the one that the card is served on.
 */
@NullMarked
package dev.ringside.e1000;

import org.jspecify.annotations.NullMarked;
