package io.refreshd.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedHostsTest {
    private final AllowedHosts loopback = AllowedHosts.whenListeningOn(new InetSocketAddress("127.0.0.1", 9464));

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:9464", "127.0.0.1:1", "10.0.0.9", "[::1]", "[fe80::1]:9464"})
    void addressesAndLocalhostAreAnswered(String header) {
        assertThat(loopback.allow(header)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example", "1.2.3.4.5", "a:b:1"})
    void otherNamesAreRefused(String header) {
        assertThat(loopback.allow(header)).isFalse();
    }

    @Test
    void noHeaderIsNoBrowser() {
        assertThat(loopback.allow(null)).isTrue();
    }

    @Test
    void outsideTheLoopbackInterfaceEveryNameIsAnswered() {
        assertThat(AllowedHosts.whenListeningOn(new InetSocketAddress("0.0.0.0", 9464))
                        .allow("refreshd.monitoring.svc"))
                .isTrue();
    }

    @Test
    void theHostOfHttpListenIsAnswered() {
        assertThat(AllowedHosts.whenListeningOn(new InetSocketAddress("localhost", 9464))
                        .names())
                .containsExactly("localhost");
    }
}
