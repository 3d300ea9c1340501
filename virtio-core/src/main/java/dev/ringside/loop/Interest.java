package dev.ringside.loop;

/** What a watched descriptor should become ready for; errors and hang-ups are always included. */
public enum Interest {
    /** Something to read. */
    READ,
    /** Something to read, or room to write. */
    READ_WRITE
}
