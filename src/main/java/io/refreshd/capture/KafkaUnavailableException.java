package io.refreshd.capture;

import java.io.IOException;

/** No broker has answered, or none as it should. Another attempt may succeed. */
public final class KafkaUnavailableException extends IOException {
    private static final long serialVersionUID = 1;

    KafkaUnavailableException(String servers, RuntimeException cause) {
        super("Kafka at " + servers + " does not answer as it should: "
                + cause.getClass().getSimpleName() + ": " + cause.getMessage());
    }
}
