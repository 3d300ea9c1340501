package dev.ringside.link;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MacTableTest {
    private final MacTable table = new MacTable();
    private final SwitchLink link = new SwitchLink("switch");
    private final SwitchPort one = new SwitchPort(link, 1, 0);
    private final SwitchPort other = new SwitchPort(link, 1, 0);

    @Test
    void shouldFindAStationWhereItWasLastHeard() {
        long key = MacTable.key(0, 0x5254_0000_0001L);
        assertThat(table.find(key, 0)).isNull();
        table.learn(key, one, 10);
        assertThat(table.find(key, 11)).isSameAs(one);
        table.learn(key, other, 12);
        assertThat(table.find(key, 12)).isSameAs(other);
        assertThat(table.find(MacTable.key(5, 0x5254_0000_0001L), 12)).isNull();
    }

    @Test
    void shouldForgetStationsThatAreSilent() {
        table.learn(1, one, 10);
        assertThat(table.find(1, 10 + MacTable.AGEING_SECONDS)).isSameAs(one);
        assertThat(table.find(1, 11 + MacTable.AGEING_SECONDS)).isNull();
    }

    @Test
    void shouldForgetStationsBehindAPortThatGoes() {
        table.learn(1, one, 10);
        table.learn(2, other, 10);
        table.forget(one);
        assertThat(table.find(1, 10)).isNull();
        assertThat(table.find(2, 10)).isSameAs(other);
    }

    @Test
    void shouldStayBoundedUnderInventedAddresses() {
        for (long mac = 0; mac < 100_000; mac++) {
            table.learn(mac, one, (int) (mac / 1000));
        }
        long known = 0;
        for (long mac = 0; mac < 100_000; mac++) {
            known += table.find(mac, 100) == null ? 0 : 1;
        }
        assertThat(known).isBetween(1000L, 4096L);
        table.learn(7, other, 101);
        assertThat(table.find(7, 101)).isSameAs(other);
    }
}
