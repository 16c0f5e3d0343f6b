package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.config.DatabaseEntry;
import io.refreshd.config.FleetConfiguration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Stream;

/** Asks each database of a configuration the same, several at once. One that cannot be asked is no concern of the others. */
final class EachDatabase {
    /** Each needs one connection. */
    private static final int AT_ONCE = 8;

    private EachDatabase() {}

    /** What is asked. */
    interface Question<T> {
        T ask(Configuration configuration) throws Exception;
    }

    /** @param failure why there is no answer; of both exactly one is present */
    record Answer<T>(String database, Optional<T> found, Optional<Exception> failure) {
        String why() {
            return failure.map(FailureHandler::message).orElse("");
        }

        ObjectNode error() {
            return Json.object().put("error", why());
        }

        /** @param answered of an answer */
        ExitCode code(Function<T, ExitCode> answered) {
            return failure.map(FailureHandler::codeOf).orElseGet(() -> answered.apply(found.orElseThrow()));
        }
    }

    /** What is wrong with the configuration comes first: the database behind it was not asked. */
    private static final List<ExitCode> FROM_BAD_TO_WORSE = List.of(
            ExitCode.OK, ExitCode.WARNINGS, ExitCode.NOT_READY, ExitCode.UNREACHABLE, ExitCode.FAILURE, ExitCode.USAGE);

    /** The code with which a verb ends that asked several. */
    static ExitCode worst(Stream<ExitCode> codes) {
        return codes.max(Comparator.comparingInt(FROM_BAD_TO_WORSE::indexOf)).orElse(ExitCode.OK);
    }

    /** In the order of the configuration. */
    static <T> List<Answer<T>> of(FleetConfiguration fleet, Question<T> question) throws InterruptedException {
        try (ExecutorService threads = Executors.newFixedThreadPool(
                AT_ONCE,
                Thread.ofPlatform().daemon().name("refreshd-database-", 0).factory())) {
            List<Future<Answer<T>>> asked = new ArrayList<>();
            for (DatabaseEntry entry : fleet.databases()) {
                asked.add(threads.submit(() -> ask(entry, question)));
            }
            List<Answer<T>> answers = new ArrayList<>();
            for (Future<Answer<T>> one : asked) {
                answers.add(one.get());
            }
            return answers;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static <T> Answer<T> ask(DatabaseEntry entry, Question<T> question) {
        try {
            return switch (entry) {
                case DatabaseEntry.Usable usable ->
                    new Answer<>(usable.name(), Optional.of(question.ask(usable.configuration())), Optional.empty());
                case DatabaseEntry.Unusable bad -> throw bad.problem();
            };
        } catch (Exception e) {
            return new Answer<>(entry.name(), Optional.empty(), Optional.of(e));
        }
    }
}
