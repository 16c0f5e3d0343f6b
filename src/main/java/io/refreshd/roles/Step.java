package io.refreshd.roles;

import io.refreshd.config.RoleViewTemplate;
import io.refreshd.config.RoleViewTemplate.Kind;
import io.refreshd.ledger.RoleViewRows.Made;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** One step of a plan. It runs in a transaction of its own. */
public sealed interface Step {
    ViewId view();

    /** The role that the view belongs to. */
    String role();

    /** The name of the step, one word. */
    String action();

    /** The view that the step creates; empty if it creates none. */
    default Optional<DesiredView> target() {
        return Optional.empty();
    }

    /** The keys of the template that have changed; empty unless the view is rebuilt. */
    default List<Change> changes() {
        return List.of();
    }

    /** Creates a missing view. */
    record Create(DesiredView desired) implements Step {
        @Override
        public Optional<DesiredView> target() {
            return Optional.of(desired);
        }

        @Override
        public ViewId view() {
            return desired.id();
        }

        @Override
        public String role() {
            return desired.role();
        }

        @Override
        public String action() {
            return "create";
        }

        @Override
        public String toString() {
            return "+ " + view() + "  create for role " + TerminalText.quoted(role());
        }
    }

    /**
     * Replaces a view whose template has changed.
     *
     * @param kind of the existing view
     */
    record Rebuild(DesiredView desired, Made made, Kind kind) implements Step {
        @Override
        public Optional<DesiredView> target() {
            return Optional.of(desired);
        }

        @Override
        public ViewId view() {
            return desired.id();
        }

        @Override
        public String role() {
            return desired.role();
        }

        @Override
        public String action() {
            return "rebuild";
        }

        @Override
        public List<Change> changes() {
            return TemplateDefinition.parse(made.definition()).changesTo(TemplateDefinition.of(desired.template()));
        }

        @Override
        public String toString() {
            return "~ " + view() + "  rebuild beside and swap: "
                    + changes().stream().map(Change::key).collect(Collectors.joining(", "));
        }
    }

    /**
     * Drops the view of a role that no longer exists.
     *
     * @param kind of the view
     * @param template its source of roles is read again before the view is dropped
     */
    record Drop(Made made, Kind kind, RoleViewTemplate template) implements Step {
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
            return "- " + view() + "  drop: role " + TerminalText.quoted(role()) + " is gone";
        }
    }

    /** Removes a view from the ledger that was dropped, replaced or taken over by somebody. */
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
            return "- " + view() + "  forget: it no longer exists, or no longer belongs to refreshd";
        }
    }
}
