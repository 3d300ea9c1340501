/**
 * What every executable shares: the command line conventions of QEMU's back-end programs (vhost-user, "Backend program
 * conventions"), start-up and orderly end.
 */
@NullMarked
package dev.ringside.app;

import org.jspecify.annotations.NullMarked;
