/**
 * virtio-net: the network device of virtio 1.2 §5.1, served over vhost-user. Not built yet.
 */
@NullMarked
package dev.ringside.net;

import org.jspecify.annotations.NullMarked;
