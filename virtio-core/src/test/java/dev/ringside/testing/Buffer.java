package dev.ringside.testing;

/**
 * One buffer of a chain.
 *
 * @param address guest-physical
 * @param length in bytes
 * @param writable by the device
 */
public record Buffer(long address, long length, boolean writable) {}
