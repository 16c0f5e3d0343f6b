package io.refreshd.observe;

import java.util.List;
import java.util.function.Consumer;

/**
 * What is served over HTTP below one path.
 *
 * @param viewEvents the stream at {@code /events/views}
 * @param errors hears of errors that must not happen; called on the thread of a request
 */
record Pages(Answers answers, ViewEventStream viewEvents, Consumer<Throwable> errors) {
    Pages(Answers answers) {
        this(answers, new ViewEventStream(new ViewEvents(), List::of, view -> false, () -> 0), error -> {});
    }

    /** Answers requests. Thread: any. */
    interface Answers {
        /**
         * The response to a GET.
         *
         * @param query what follows the question mark, not decoded; empty if there is none
         * @param accept the header {@code Accept}; empty if there is none
         */
        Response answer(String path, String query, String accept);

        /** The main part of the page as HTML, for {@link ServerSentEvents}. */
        String livePart();
    }
}
