package io.refreshd.incremental;

import io.refreshd.model.Recomputed;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The strategy of a round for one view: recompute the rows of some keys, or all rows. */
public sealed interface Way {
    /** What the history says of the round. */
    String detail();

    Recomputed recomputed();

    /** The rows with these recompute keys are recomputed. @param changed how many keys of changed rows led to them */
    record Keys(Set<List<String>> keys, long changed) implements Way {
        public Keys {
            keys = Set.copyOf(keys);
        }

        @Override
        public String detail() {
            return keys.size() + (keys.size() == 1 ? " key recomputed" : " keys recomputed");
        }

        @Override
        public Recomputed recomputed() {
            return new Recomputed(keys.size(), Optional.empty());
        }
    }

    /** All rows are recomputed. @param reason a clause that says why */
    record Everything(String reason) implements Way {
        public Everything {
            Objects.requireNonNull(reason);
        }

        @Override
        public String detail() {
            return "everything recomputed: " + reason;
        }

        @Override
        public Recomputed recomputed() {
            return new Recomputed(0, Optional.of(reason));
        }
    }
}
