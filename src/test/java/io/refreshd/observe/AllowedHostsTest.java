package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedHostsTest {
    private final AllowedHosts loopback = allowing("127.0.0.1");

    private static AllowedHosts allowing(String listen, String... names) {
        return AllowedHosts.of(new InetSocketAddress(listen, 9464), List.of(names));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:9464",
                "localhost.",
                "127.0.0.1:1",
                "10.0.0.9",
                "[::1]",
                "[fe80::1]:9464",
                "[FE80::1%eth0]:9464",
                "[::ffff:10.0.0.9]"
            })
    void addressesAndLocalhostAreAnswered(String header) {
        assertThat(loopback.allow(List.of(header))).isTrue();
        assertThat(allowing("0.0.0.0").allow(List.of(header))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ":9464",
                "evil.example",
                "localhost.evil.example:80",
                "127.0.0.1.evil.example",
                "1.2.3.4.5",
                "a:b:1",
                "[evil.example]:9464",
                "[::1",
                "localhost@evil.example",
                "localhost evil.example",
                "localhost,evil.example",
                "0x7f000001",
                "2130706433"
            })
    void otherNamesAreRefused(String header) {
        assertThat(loopback.allow(List.of(header))).isFalse();
        assertThat(allowing("0.0.0.0", "refreshd").allow(List.of(header)))
                .as("also outside the loopback interface")
                .isFalse();
    }

    @Test
    void noHeaderIsNoBrowser() {
        assertThat(loopback.allow(List.of())).isTrue();
    }

    @Test
    void ofTwoHeadersNeitherIsBelieved() {
        assertThat(loopback.allow(List.of("localhost", "localhost"))).isFalse();
    }

    @Test
    void aNameOfAllowedHostsIsAnswered() {
        AllowedHosts compose = allowing("0.0.0.0", "refreshd", "refreshd.monitoring.svc");
        assertThat(compose.allow(List.of("refreshd:9464"))).isTrue();
        assertThat(compose.allow(List.of("REFRESHD.monitoring.svc."))).isTrue();
        assertThat(compose.allow(List.of("refreshd.evil.example"))).isFalse();
    }

    @Test
    void theStarMeansAnyName() {
        assertThat(allowing("127.0.0.1", "*").allow(List.of("evil.example"))).isTrue();
    }

    @Test
    void theHostOfHttpListenIsAnswered() {
        assertThat(allowing("localhost").names()).containsExactly("localhost");
        assertThat(AllowedHosts.of(InetSocketAddress.createUnresolved("Status.Example", 1), List.of())
                        .allow(List.of("status.example:1")))
                .isTrue();
    }
}
