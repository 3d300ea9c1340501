/**
 * virtio-net: the network device of virtio 1.2 §5.1, served over vhost-user.
 *
 * <pre>
 *   NetOptions --> NetDevice      features, config space
 *                    TxQueue      chain -> Frame over the guest's memory -> TxLane.send -> completed
 *                    RxQueue      HeldChains, taken ahead -> read into, or copied into -> completed
 *                        |
 *                    link.Port    where frames go and come from
 * </pre>
 *
 * <p>No frame is in flight in this package: a frame that the guest sends is the link's business and over when {@code
 * send} returns, and a frame that comes is in the guest's buffers when the link is told so. What is kept between frames
 * is receive buffers only, and these can be given back at any time.
 */
@NullMarked
package dev.ringside.net;

import org.jspecify.annotations.NullMarked;
