package io.refreshd.model;

/**
 * Where reading goes on in one partition of a topic.
 *
 * @param topicId Kafka's id of the topic; a topic that was deleted and made anew has another one
 * @param next offset of the next record
 * @param position everything that committed after this WAL position is at or behind {@code next}, if the topic keeps the order of the log
 */
public record TopicOffset(String topic, int partition, String topicId, long next, Lsn position) {}
