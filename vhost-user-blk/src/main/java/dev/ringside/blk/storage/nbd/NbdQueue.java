package dev.ringside.blk.storage.nbd;

import dev.ringside.blk.storage.StorageQueue;
import dev.ringside.blk.storage.Transfer;
import dev.ringside.linux.Errno;
import dev.ringside.loop.DeviceLoop;
import java.util.Arrays;

/** One queue's requests to a server: each becomes an {@link NbdRequest} of its slot, and is left to the link. */
final class NbdQueue implements StorageQueue {
    private final DeviceLoop loop;
    private final Link link;
    private final Completion completion;
    private NbdRequest[] requests = new NbdRequest[0];

    /** @param link of this queue alone, on its loop */
    NbdQueue(DeviceLoop loop, Link link, Completion completion) {
        this.loop = loop;
        this.link = link;
        this.completion = completion;
    }

    private NbdRequest request(int slot) {
        if (slot >= requests.length) {
            int before = requests.length;
            requests = Arrays.copyOf(requests, slot + 64);
            for (int i = before; i < requests.length; i++) {
                requests[i] = new NbdRequest(i, loop, completion);
            }
        }
        return requests[slot];
    }

    @Override
    public void read(Transfer transfer) {
        NbdRequest request = request(transfer.slot());
        request.begin(Nbd.CMD_READ, transfer.offset(), transfer.bytes(), transfer, false, false);
        link.submit(request);
    }

    @Override
    public void write(Transfer transfer, boolean durable) {
        NbdRequest request = request(transfer.slot());
        request.begin(Nbd.CMD_WRITE, transfer.offset(), transfer.bytes(), transfer, false, durable);
        link.submit(request);
    }

    @Override
    public void flush(int slot) {
        NbdRequest request = request(slot);
        request.begin(Nbd.CMD_FLUSH, 0, 0, null, false, false);
        link.submit(request);
    }

    @Override
    public void discard(int slot, long offset, long bytes) {
        NbdRequest request = request(slot);
        request.begin(Nbd.CMD_TRIM, offset, bytes, null, true, false);
        link.submit(request);
    }

    /** The protocol has nothing of the kind, and {@link NbdStorage} does not offer it. */
    @Override
    public void secureErase(int slot, long offset, long bytes) {
        completion.completed(slot, Errno.EOPNOTSUPP);
    }

    @Override
    public void writeZeroes(int slot, long offset, long bytes, boolean mayUnmap, boolean durable) {
        NbdRequest request = request(slot);
        request.begin(Nbd.CMD_WRITE_ZEROES, offset, bytes, null, mayUnmap, durable);
        link.submit(request);
    }

    @Override
    public boolean isInFlight(int slot) {
        return slot < requests.length && requests[slot].isInFlight();
    }

    @Override
    public void close() {
        link.close();
    }
}
