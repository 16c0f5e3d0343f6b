package io.refreshd.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The layout of a lineage: where each box and each line is. It does not depend on the state of the views, so it can be kept while the
 * lineage is the same. Immutable.
 *
 * @param places for each box its upper left corner
 * @param lines the lines between boxes
 * @param drawn number of tables and views that have a place
 * @param total number of tables and views of the lineage
 * @param dense whether a box has one line of text, as there are many
 */
public record Picture(
        List<Place> places, List<Line> lines, double width, double height, int drawn, int total, boolean dense) {
    /** More boxes are not drawn: nobody reads them, and a page with more than these is slow. */
    public static final int MOST_BOXES = 1_500;

    /** Beyond this, one table in ten views each or so, there would be more lines than paper. */
    private static final int MOST_EDGES = 50_000;

    /** Equals up to this number have a box each; the list of the page is folded beyond the same. */
    private static final int[] APART = {12, 3, 1};

    private static final int MANY = 60;
    /** Columns that stand side by side; a deeper graph has more. */
    private static final int SLOTS = 4;

    static final double BOX_WIDTH = 216;
    private static final double COLUMN_GAP = 56;
    private static final double COMPONENT_GAP = 28;

    /** @param number by which lines name the box */
    record Place(int number, Box box, double x, double y) {}

    /** @param path the data of an SVG path, from left to right */
    record Line(int from, int to, String path) {}

    /** A connected part with its layout. */
    private record Component(List<Integer> boxes, LayeredLayout layout) {}

    public static Picture of(Lineage lineage) {
        if (lineage.edges() > MOST_EDGES) {
            return new Picture(List.of(), List.of(), 0, 0, 0, lineage.size(), false);
        }
        BoxGraph graph = BoxGraph.of(lineage, APART[0]);
        for (int i = 1; i < APART.length && graph.boxes().size() > MOST_BOXES; i++) {
            graph = BoxGraph.of(lineage, APART[i]);
        }
        boolean dense = graph.boxes().size() > MANY;
        List<List<Integer>> parts = new ArrayList<>(graph.graph().components());
        parts.sort(Comparator.comparingInt((List<Integer> part) -> -part.size()));
        List<Component> chosen = new ArrayList<>();
        int left = MOST_BOXES;
        for (List<Integer> part : parts) {
            if (part.size() <= left) {
                Optional<LayeredLayout> layout =
                        LayeredLayout.of(graph.graph().part(part), boxHeight(dense), dense ? 6 : 14);
                if (layout.isPresent()) {
                    chosen.add(new Component(part, layout.get()));
                    left -= part.size();
                }
            }
        }
        return pack(graph, chosen, lineage.size(), dense);
    }

    /** Puts each component where it begins highest, beside others if there is room. */
    private static Picture pack(BoxGraph graph, List<Component> components, int total, boolean dense) {
        int slots = components.stream()
                .mapToInt(component -> component.layout().columns())
                .reduce(SLOTS, Math::max);
        double[] filled = new double[slots];
        List<Place> places = new ArrayList<>();
        List<Line> lines = new ArrayList<>();
        int used = 0;
        int drawn = 0;
        for (Component component : components) {
            LayeredLayout layout = component.layout();
            int slot = 0;
            for (int at = 1; at + layout.columns() <= slots; at++) {
                if (highest(filled, at, layout.columns()) < highest(filled, slot, layout.columns())) {
                    slot = at;
                }
            }
            double y = highest(filled, slot, layout.columns());
            Arrays.fill(filled, slot, slot + layout.columns(), y + layout.height() + COMPONENT_GAP);
            used = Math.max(used, slot + layout.columns());
            List<Integer> boxes = component.boxes();
            for (int i = 0; i < boxes.size(); i++) {
                Box box = graph.boxes().get(boxes.get(i));
                drawn += box.size();
                places.add(new Place(boxes.get(i), box, x(slot + layout.column()[i]), y + layout.y()[i]));
            }
            for (int i = 0; i < layout.routes().size(); i++) {
                int[] route = layout.routes().get(i);
                int first = slot + layout.column()[route[0]];
                lines.add(new Line(
                        boxes.get(route[0]),
                        boxes.get(route[route.length - 1]),
                        path(first, layout.heights().get(i), y)));
            }
        }
        double height = Arrays.stream(filled).max().orElse(0) - (components.isEmpty() ? 0 : COMPONENT_GAP);
        double width = used == 0 ? 0 : x(used - 1) + BOX_WIDTH;
        return new Picture(List.copyOf(places), List.copyOf(lines), width, height, drawn, total, dense);
    }

    private static double highest(double[] filled, int from, int columns) {
        return Arrays.stream(filled, from, from + columns).max().orElse(0);
    }

    /** A curve between columns, and a straight line past each column in between; from the first point on relative. */
    private static String path(int column, double[] heights, double top) {
        StringBuilder path = new StringBuilder("M")
                .append(number(x(column) + BOX_WIDTH))
                .append(',')
                .append(number(top + heights[0]));
        for (int i = 1; i < heights.length; i++) {
            String rise = number(heights[i] - heights[i - 1]);
            path.append('c').append(number(COLUMN_GAP / 2)).append(",0 ");
            path.append(number(COLUMN_GAP / 2)).append(',').append(rise).append(' ');
            path.append(number(COLUMN_GAP)).append(',').append(rise);
            if (i < heights.length - 1) {
                path.append('h').append(number(BOX_WIDTH));
            }
        }
        return path.toString();
    }

    private static double x(int column) {
        return column * (BOX_WIDTH + COLUMN_GAP);
    }

    static double boxHeight(boolean dense) {
        return dense ? 22 : 40;
    }

    double boxHeight() {
        return boxHeight(dense);
    }

    static String number(double value) {
        return Long.toString(Math.round(value));
    }
}
