package io.refreshd.acceptance;

import io.refreshd.faults.Campaign;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fault campaign: its short form with every build; its long form, and all seeds that failed once, with {@code -Pfaults}.
 *
 * <p>This class is not in the package {@code faults}, because the classes of this package run first and a campaign is long.
 */
class CampaignIT {
    static Stream<Campaign.Options> seedsThatFailedOnce() {
        return Campaign.Options.regressions();
    }

    @ParameterizedTest
    @Tag("faults")
    @MethodSource
    void seedsThatFailedOnce(Campaign.Options options) throws Exception {
        System.out.println(new Campaign(options).run());
    }

    @Test
    void anySeed() throws Exception {
        System.out.println(new Campaign(Campaign.Options.brief(System.nanoTime() & 0xffffff)).run());
    }

    /** Topics are the source, and faults of broker, connector and topic come besides. Options as below, and {@code -Drefreshd.topics=true}. */
    @Test
    @Tag("faults")
    @EnabledIfSystemProperty(named = "refreshd.topics", matches = "true")
    void overTopics() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime() & 0xffffff);
        Duration duration = Duration.ofMinutes(Long.getLong("refreshd.minutes", 10));
        System.out.println(new Campaign(Campaign.Options.overTopics(seed, duration)).run());
    }

    /** Options: {@code -Drefreshd.minutes=10 -Drefreshd.seed=…} */
    @Test
    @Tag("faults")
    void longForm() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime() & 0xffffff);
        Duration duration = Duration.ofMinutes(Long.getLong("refreshd.minutes", 10));
        System.out.println(new Campaign(Campaign.Options.thorough(seed, duration)).run());
    }
}
