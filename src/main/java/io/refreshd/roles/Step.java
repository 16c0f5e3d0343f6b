package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** One thing to do, in a transaction of its own. */
public sealed interface Step {
    ViewId view();

    /** The role whose view it is. */
    String role();

    /** In a word. */
    String action();

    /** The view that it makes, if it makes one. */
    default Optional<WantedView> wish() {
        return Optional.empty();
    }

    /** What becomes different about a view that stays. */
    default List<Change> changes() {
        return List.of();
    }

    record Create(WantedView wanted) implements Step {
        @Override
        public Optional<WantedView> wish() {
            return Optional.of(wanted);
        }

        @Override
        public ViewId view() {
            return wanted.id();
        }

        @Override
        public String role() {
            return wanted.role();
        }

        @Override
        public String action() {
            return "create";
        }

        @Override
        public String toString() {
            return "+ " + view() + "  create for role " + Words.quoted(role());
        }
    }

    /** @param kind of the one that stands there */
    record Rebuild(WantedView wanted, Made made, char kind) implements Step {
        @Override
        public Optional<WantedView> wish() {
            return Optional.of(wanted);
        }

        @Override
        public ViewId view() {
            return wanted.id();
        }

        @Override
        public String role() {
            return wanted.role();
        }

        @Override
        public String action() {
            return "rebuild";
        }

        @Override
        public List<Change> changes() {
            return Blueprint.parse(made.definition()).changesTo(Blueprint.of(wanted.template()));
        }

        @Override
        public String toString() {
            return "~ " + view() + "  rebuild beside and swap: "
                    + changes().stream().map(Change::key).collect(Collectors.joining(", "));
        }
    }

    /** @param template that knew of the role once; asked again before the view goes */
    record Drop(Made made, char kind, RoleViewTemplate template) implements Step {
        @Override
        public ViewId view() {
            return made.view();
        }

        @Override
        public String role() {
            return made.role();
        }

        @Override
        public String action() {
            return "drop";
        }

        @Override
        public String toString() {
            return "- " + view() + "  drop: role " + Words.quoted(role()) + " is gone";
        }
    }

    /** It was made, and is not there any longer, or somebody else has put another in its place. */
    record Forget(Made made) implements Step {
        @Override
        public ViewId view() {
            return made.view();
        }

        @Override
        public String role() {
            return made.role();
        }

        @Override
        public String action() {
            return "forget";
        }

        @Override
        public String toString() {
            return "- " + view() + "  forget: it is not there any longer, or not refreshd's";
        }
    }
}
