package dev.ringside.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringside.it.support.Guest;
import dev.ringside.it.support.ProcFs;
import dev.ringside.it.support.Qemu;
import org.junit.jupiter.api.Test;

/** The engine for kernels that refuse io_uring, chosen by hand. */
class EpollEngineIT extends GuestDisks {
    EpollEngineIT() {
        super(Guest.under(Qemu.LATEST).machine("q35"), "--engine=epoll");
    }

    @Test
    void ioUringIsNotUsed() {
        assertThat(ProcFs.holdings(backend().process().pid()).keySet())
                .noneMatch(kind -> kind.contains("anon_inode:[io_uring]"));
    }
}
