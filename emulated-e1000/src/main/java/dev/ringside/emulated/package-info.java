/** The program {@code emulated-e1000}: joins the card, the protocol that it is served over, and a link. */
@NullMarked
package dev.ringside.emulated;

import org.jspecify.annotations.NullMarked;
