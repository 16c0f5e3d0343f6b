package io.refreshd.roles;

import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.ViewId;

/** One thing to do, in a transaction of its own. */
public sealed interface Step {
    ViewId view();

    record Create(WantedView wanted) implements Step {
        @Override
        public ViewId view() {
            return wanted.id();
        }

        @Override
        public String toString() {
            return "+ " + view() + "  create for role " + Words.quoted(wanted.role());
        }
    }

    /** @param kind of the one that stands there */
    record Rebuild(WantedView wanted, Made made, char kind) implements Step {
        @Override
        public ViewId view() {
            return wanted.id();
        }

        @Override
        public String toString() {
            return "~ " + view() + "  rebuild beside and swap: the template has changed";
        }
    }

    record Drop(Made made, char kind) implements Step {
        @Override
        public ViewId view() {
            return made.view();
        }

        @Override
        public String toString() {
            return "- " + view() + "  drop: role " + Words.quoted(made.role()) + " is gone";
        }
    }

    /** It was made, and is not there any longer, or somebody else has put another in its place. */
    record Forget(Made made) implements Step {
        @Override
        public ViewId view() {
            return made.view();
        }

        @Override
        public String toString() {
            return "- " + view() + "  forget: it is not there any longer, or not refreshd's";
        }
    }
}
