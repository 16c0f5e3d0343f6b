package io.refreshd.faults;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The campaign in its short form with every build; with {@code -Pfaults} in its long form, and all seeds that once failed. */
class CampaignIT {
    /** Seeds that broke a promise once; each ran into a fault of its own, named in the commit that mended it. */
    static Stream<Campaign.Options> seedsThatOnceFailed() {
        return Stream.of(
                Campaign.Options.brief(1, Kinds.first(), Circumstances.FORMER),
                Campaign.Options.brief(21, Kinds.second(), Circumstances.FORMER),
                Campaign.Options.brief(32, Kinds.second(), Circumstances.FORMER),
                Campaign.Options.brief(4201, Kinds.second(), Circumstances.FORMER),
                Campaign.Options.brief(5, Kinds.third(), Circumstances.of(5)),
                Campaign.Options.brief(109, Kinds.third(), Circumstances.of(109)));
    }

    @ParameterizedTest
    @Tag("faults")
    @MethodSource
    void seedsThatOnceFailed(Campaign.Options options) throws Exception {
        System.out.println(new Campaign(options).run());
    }

    @Test
    void anySeed() throws Exception {
        System.out.println(new Campaign(Campaign.Options.brief(System.nanoTime() & 0xffffff)).run());
    }

    /** {@code -Drefreshd.minutes=10 -Drefreshd.seed=…} */
    @Test
    @Tag("faults")
    void longForm() throws Exception {
        long seed = Long.getLong("refreshd.seed", System.nanoTime() & 0xffffff);
        Duration duration = Duration.ofMinutes(Long.getLong("refreshd.minutes", 10));
        System.out.println(new Campaign(Campaign.Options.thorough(seed, duration)).run());
    }
}
