package io.refreshd.refresh;

import io.refreshd.model.Remedy;
import java.time.Duration;

/** Why a refresh, or other work of its kind, gives way to another session. */
sealed interface LockConflict {
    /** The reason for people to read, as the end of a sentence about what gave way. @param patience that it had */
    String text(Duration patience);

    Remedy remedy();

    /** Whether the work is to wait longer before it gives way, if this happens again and again. */
    boolean asksForPatience();

    /** The other session waits to lock the relation, which this locks, for longer than the patience. */
    record HeldUp(String relation) implements LockConflict {
        @Override
        public String text(Duration patience) {
            return "another session waited for its lock on " + relation + " for longer than refresh.lock-patience ("
                    + seconds(patience) + ")";
        }

        @Override
        public Remedy remedy() {
            return Remedy.text("take such locks when the view is not being refreshed, or raise refresh.lock-patience");
        }

        @Override
        public boolean asksForPatience() {
            return true;
        }
    }

    /** Each waits for the other. The server would cancel one of them, perhaps the other. */
    record Deadlock() implements LockConflict {
        @Override
        public String text(Duration patience) {
            return "it and another session waited for each other's locks";
        }

        @Override
        public Remedy remedy() {
            return Remedy.NONE;
        }

        @Override
        public boolean asksForPatience() {
            return false;
        }
    }

    static String seconds(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
    }
}
