/**
 * The Intel 82540EM network card as a PCI device. It knows registers, descriptors and frames, and never sockets. Not built yet.
 */
@NullMarked
package dev.ringside.e1000;

import org.jspecify.annotations.NullMarked;
