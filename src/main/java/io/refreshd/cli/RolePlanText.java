package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.roles.Change;
import io.refreshd.roles.RolePlan;
import io.refreshd.roles.Step;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Formats a plan for the role views, as text and as JSON. Pure. */
final class RolePlanText {
    private RolePlanText() {}

    /** Shows the same changes once, with the first view that they apply to: a template may have a thousand views. */
    static String text(RolePlan plan) {
        StringBuilder text = new StringBuilder();
        Set<List<Change>> shown = new HashSet<>();
        for (Step step : plan.steps()) {
            text.append(line(step.toString())).append('\n');
            if (shown.add(step.changes())) {
                step.changes()
                        .forEach(change -> text.append("    ")
                                .append(change.key())
                                .append('\n')
                                .append(side("-", change.before()))
                                .append(side("+", change.after())));
            }
        }
        plan.notes().forEach(note -> text.append(line(note)).append('\n'));
        plan.obstacles().forEach(obstacle -> text.append(obstacle(obstacle)).append('\n'));
        if (plan.steps().isEmpty() && plan.obstacles().isEmpty()) {
            text.append("Nothing to do.\n");
        }
        return text.toString();
    }

    static String obstacle(Obstacle obstacle) {
        String said = obstacle.said().isEmpty() ? "" : ": " + obstacle.said().text();
        return line("! " + obstacle.what() + said + " → " + obstacle.remedy());
    }

    /** Replaces control characters, so that names in the database cannot send escape sequences to the terminal. */
    static String line(String text) {
        return PlainText.line(text);
    }

    private static String side(String sign, Optional<String> value) {
        return value.map(text -> text.lines()
                        .map(line -> "      " + sign + " " + line(line) + "\n")
                        .reduce("", String::concat))
                .orElse("");
    }

    static ObjectNode json(RolePlan plan) {
        ObjectNode root = Json.object();
        ArrayNode steps = root.putArray("steps");
        plan.steps().forEach(step -> describe(step, steps.addObject()));
        return rest(plan, root);
    }

    /** Adds the notes and obstacles of the plan to the JSON. */
    static ObjectNode rest(RolePlan plan, ObjectNode root) {
        ArrayNode notes = root.putArray("notes");
        plan.notes().forEach(notes::add);
        ArrayNode obstacles = root.putArray("obstacles");
        plan.obstacles()
                .forEach(obstacle -> obstacles
                        .addObject()
                        .put("what", obstacle.what())
                        .put("serverMessage", obstacle.said().text())
                        .set("remedy", Json.remedy(obstacle.remedy())));
        return root;
    }

    static void describe(Step step, ObjectNode into) {
        into.put("action", step.action())
                .put("view", step.view().toString())
                .put("schema", step.view().schema())
                .put("name", step.view().name())
                .put("role", step.role());
        ArrayNode changes = into.putArray("changes");
        step.changes()
                .forEach(change -> changes.addObject()
                        .put("key", change.key())
                        .put("before", change.before().orElse(null))
                        .put("after", change.after().orElse(null)));
    }
}
