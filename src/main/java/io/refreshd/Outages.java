package io.refreshd;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells about the stream's failures so that a log can be read: the first of a kind, and the recovery. */
final class Outages {
    private static final Logger log = LoggerFactory.getLogger(Outages.class);

    private @Nullable String last;
    private long repeated;

    /** @param shown gets the sentence that describes the failure */
    synchronized void failed(Exception problem, Consumer<String> shown) {
        String sentence = Reasons.of(problem);
        shown.accept(sentence);
        if (sentence.equals(last)) {
            repeated++;
            return;
        }
        last = sentence;
        repeated = 0;
        log.atWarn().addKeyValue("reason", sentence).log("Not streaming; trying again");
        log.atDebug().setCause(problem).log("Not streaming");
    }

    /** Something that takes long, told once. */
    synchronized void detail(String detail) {
        if (!detail.equals("preparing") && !detail.equals(last)) {
            last = detail;
            log.atWarn().addKeyValue("reason", detail).log("Waiting");
        }
    }

    synchronized void over() {
        if (last != null) {
            log.atInfo().addKeyValue("attempts", repeated + 1).log("Streaming again");
            last = null;
        }
    }
}
