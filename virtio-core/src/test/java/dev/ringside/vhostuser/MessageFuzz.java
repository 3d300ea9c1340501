package dev.ringside.vhostuser;

import dev.ringside.channel.Frame;
import dev.ringside.fault.MessageFault;
import dev.ringside.fuzz.FuzzInput;
import dev.ringside.fuzz.FuzzTarget;
import dev.ringside.linux.EventFd;
import dev.ringside.linux.Fd;
import dev.ringside.linux.LinuxException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;

/** The message codec: any header, any payload, any number of descriptors. */
public final class MessageFuzz implements FuzzTarget {
    private final VhostUserFraming framing = new VhostUserFraming();
    private final List<Fd> fds = new ArrayList<>();
    private final ByteBuf bytes = Unpooled.directBuffer();

    public MessageFuzz() throws LinuxException {
        for (int i = 0; i < VhostUserFraming.MAX_REGIONS_IN_TABLE; i++) {
            fds.add(EventFd.create());
        }
    }

    @Override
    public void execute(FuzzInput input) {
        int count = input.below(fds.size() + 1);
        bytes.clear();
        bytes.writeIntLE(input.u8());
        bytes.writeIntLE(input.u8());
        int sizeAt = bytes.writerIndex();
        bytes.writeIntLE(0);
        int more = input.u8();
        byte[] payload = input.rest();
        bytes.writeBytes(payload);
        if (more == 0xff) {
            bytes.setIntLE(sizeAt, payload.length << 8);
        } else {
            bytes.setIntLE(sizeAt, payload.length);
        }
        try {
            if (framing.payloadBytes(bytes) != payload.length) {
                // More is to come, or this is another message.
                return;
            }
            bytes.retain();
            Frame frame = Frame.toSend(bytes, fds.subList(0, count));
            try {
                MessageDecoder.decode(frame);
            } finally {
                frame.release();
            }
        } catch (MessageFault e) {
            if (e.getMessage().isEmpty()) {
                throw new AssertionError("refused without a reason", e);
            }
        }
    }

    @Override
    public void close() {
        bytes.release();
        fds.forEach(Fd::close);
    }
}
