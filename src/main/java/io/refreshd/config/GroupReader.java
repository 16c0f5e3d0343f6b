package io.refreshd.config;

import java.util.Optional;
import java.util.regex.Pattern;

/** Reader of the section {@code fleet}. */
final class GroupReader {
    /** What a topic's name may hold. A database's name of 63 characters still fits behind it. */
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._-]{1,150}");

    private GroupReader() {}

    /** @param several whether several databases are configured @return empty unless Kafka shares them */
    static Optional<GroupSettings> read(Section section, boolean several) {
        section.rejectUnknown(Key.leaves("fleet"));
        if (!section.has(Key.FLEET_BOOTSTRAP_SERVERS)) {
            return Optional.empty();
        }
        if (!several) {
            section.problem(
                    Key.FLEET_BOOTSTRAP_SERVERS,
                    "has no effect",
                    "remove it, or configure databases.folder or databases.each");
            return Optional.empty();
        }
        return Optional.of(new GroupSettings(
                section.required(Key.FLEET_BOOTSTRAP_SERVERS, KafkaReader::servers)
                        .orElse(""),
                section.orDefault(Key.FLEET_GROUP, ValueParsers::text),
                section.orDefault(Key.FLEET_TOPIC_PREFIX, GroupReader::prefix),
                section.orDefault(Key.FLEET_SESSION_TIMEOUT, Durations::parsePositive),
                KafkaReader.client(section.section(Key.FLEET_CLIENT.leaf()))));
    }

    private static String prefix(String text) throws InvalidValueException {
        if (!PREFIX.matcher(text).matches()) {
            throw new InvalidValueException(
                    "not the beginning of a topic's name",
                    "write up to 150 letters, digits, dots, hyphens and underscores");
        }
        return text;
    }
}
