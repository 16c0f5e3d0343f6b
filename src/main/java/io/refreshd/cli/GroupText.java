package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.GroupProposals;
import io.refreshd.catalog.RefreshGroups;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.ViewsSettings;
import io.refreshd.model.PlainText;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Formats which views are refreshed together, and which could be, as text and as JSON. Pure. */
final class GroupText {
    private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]*");

    private GroupText() {}

    static String text(ViewGraph graph, ViewsSettings settings) {
        StringBuilder text = new StringBuilder();
        for (RefreshGroups.Group group :
                RefreshGroups.of(graph, settings.together()).groups()) {
            text.append(list(group.members())).append("  refreshed together\n");
            group.conflict()
                    .ifPresent(conflict -> text.append("  not possible: ")
                            .append(PlainText.line(conflict.what()))
                            .append("\n      remedy: ")
                            .append(PlainText.line(conflict.remedy().toString()))
                            .append("\n"));
        }
        for (GroupProposals.Proposal proposal : GroupProposals.of(graph, settings.together())) {
            text.append(list(proposal.views()))
                    .append("  could be refreshed together, so that they agree: ")
                    .append(PlainText.line(proposal.why()))
                    .append("\n      in views.together: ")
                    .append(PlainText.line(yaml(proposal.views())))
                    .append("\n");
        }
        return text.toString();
    }

    static ObjectNode addTo(ObjectNode root, ViewGraph graph, ViewsSettings settings) {
        ArrayNode groups = root.putArray("together");
        for (RefreshGroups.Group group :
                RefreshGroups.of(graph, settings.together()).groups()) {
            ObjectNode node = groups.addObject();
            names(node.putArray("views"), group.members());
            names(node.putArray("missing"), group.missing());
            node.put("conflict", group.conflict().map(why -> why.what()).orElse(null));
        }
        ArrayNode proposals = root.putArray("could_be_together");
        for (GroupProposals.Proposal proposal : GroupProposals.of(graph, settings.together())) {
            ObjectNode node = proposals.addObject();
            names(node.putArray("views"), proposal.views());
            node.put("why", proposal.why());
        }
        return root;
    }

    private static void names(ArrayNode array, List<ViewId> views) {
        views.forEach(view -> array.add(view.toString()));
    }

    private static String list(List<ViewId> views) {
        return PlainText.line(views.stream().map(ViewId::toString).collect(Collectors.joining(", ")));
    }

    /** As the configuration has it. */
    private static String yaml(List<ViewId> views) {
        return views.stream().map(GroupText::yaml).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String yaml(ViewId view) {
        boolean plain = PLAIN.matcher(view.schema()).matches()
                && PLAIN.matcher(view.name()).matches();
        return plain ? view.toString() : "'" + SqlNames.qualified(view).replace("'", "''") + "'";
    }
}
