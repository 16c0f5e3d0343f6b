package io.refreshd.diagram;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.diagram.Digraph.Edge;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayeredLayoutTest {
    private static final double HEIGHT = 24;
    private static final double GAP = 8;

    @Test
    void aVertexIsOneLayerAboveItsHighestPredecessor() {
        Layering layering = Layering.of(graph(5, 0, 1, 1, 2, 0, 2, 3, 2, 2, 4));
        assertThat(layering.layers()).containsExactly(0, 1, 2, 0, 3);
        assertThat(layering.count()).isEqualTo(4);
        assertThat(layering.passed()).as("0 → 2 and 3 → 2 pass layer 1").isEqualTo(2);
    }

    @Test
    void edgesThatCloseACycleAreLeftOut() {
        Layering layering = Layering.of(graph(5, 0, 1, 1, 2, 2, 0, 3, 3, 2, 4));
        assertThat(layering.edges()).containsExactly(new Edge(0, 1), new Edge(1, 2), new Edge(2, 4));
        assertThat(layering.layers()).containsExactly(0, 1, 2, 0, 3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 20, 60, 300})
    void boxesDoNotOverlapAndEdgesLeadToTheRight(int vertices) {
        Random random = new Random(vertices);
        for (int attempt = 0; attempt < 30; attempt++) {
            Digraph graph = random(random, vertices, 1 + random.nextInt(2 * vertices));
            LayeredLayout layout = LayeredLayout.of(graph, HEIGHT, GAP).orElseThrow();
            for (int v = 0; v < vertices; v++) {
                assertThat(layout.y()[v]).isBetween(0.0, layout.height() - HEIGHT);
                for (int w = 0; w < v; w++) {
                    assertThat(layout.column()[v] != layout.column()[w]
                                    || Math.abs(layout.y()[v] - layout.y()[w]) >= HEIGHT + GAP - 1)
                            .isTrue();
                }
            }
            for (int i = 0; i < layout.routes().size(); i++) {
                int[] route = layout.routes().get(i);
                int from = layout.column()[route[0]];
                int to = layout.column()[route[route.length - 1]];
                assertThat(to - from).isEqualTo(route.length - 1).isPositive();
                assertPassesNoBox(layout, layout.heights().get(i), from);
            }
        }
    }

    private static void assertPassesNoBox(LayeredLayout layout, double[] heights, int first) {
        for (int i = 1; i < heights.length - 1; i++) {
            for (int v = 0; v < layout.y().length; v++) {
                assertThat(layout.column()[v] == first + i
                                && heights[i] > layout.y()[v]
                                && heights[i] < layout.y()[v] + HEIGHT)
                        .isFalse();
            }
        }
    }

    @Test
    void theSameGraphGivesTheSameDrawing() {
        Digraph graph = random(new Random(7), 200, 400);
        LayeredLayout one = LayeredLayout.of(graph, HEIGHT, GAP).orElseThrow();
        List<Edge> shuffled = new ArrayList<>(graph.edges());
        LayeredLayout other =
                LayeredLayout.of(new Digraph(200, shuffled), HEIGHT, GAP).orElseThrow();
        assertThat(other.y()).isEqualTo(one.y());
        assertThat(other.column()).isEqualTo(one.column());
        assertThat(other.heights()).usingRecursiveComparison().isEqualTo(one.heights());
    }

    /** Pairs that are written crosswise: the order of the numbers has 45 crossings. */
    @Test
    void whatCanBeDrawnWithoutCrossingsIs() {
        assertThat(crossings(pairs(10))).isEqualTo(45);
        assertThat(reduced(pairs(10))).isZero();
        // Two trees of depth three, whose leaves are mixed.
        Digraph trees = graph(14, 0, 2, 1, 3, 0, 4, 1, 5, 2, 6, 3, 7, 4, 8, 5, 9, 2, 10, 3, 11, 4, 12, 5, 13);
        assertThat(crossings(trees)).isPositive();
        assertThat(reduced(trees)).isZero();
    }

    @Test
    void theLeastNumberOfCrossingsIsReachedWhereItIsKnown() {
        assertThat(reduced(complete(2, 2))).isEqualTo(1);
        assertThat(reduced(complete(3, 3))).isEqualTo(9);
        assertThat(reduced(complete(4, 5))).isEqualTo(60);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void theOrderIsNeverWorseThanThatOfTheNumbers(long seed) {
        Digraph graph = random(new Random(seed), 80, 160);
        assertThat(reduced(graph)).isLessThan(crossings(graph));
    }

    @Test
    void aLongEdgeIsStraightWhereItPasses() {
        // A table that the first and the last view of a stack read.
        LayeredLayout layout = LayeredLayout.of(graph(5, 0, 1, 1, 2, 2, 3, 3, 4, 0, 4), HEIGHT, GAP)
                .orElseThrow();
        double[] passed = layout.heights().stream()
                .filter(heights -> heights.length == 5)
                .findFirst()
                .orElseThrow();
        assertThat(passed[1]).isEqualTo(passed[2]).isEqualTo(passed[3]);
    }

    @Test
    void twoThousandVerticesAreDrawn() {
        assertThat(LayeredLayout.of(random(new Random(1), 2_000, 3_000), HEIGHT, GAP))
                .isPresent();
    }

    /** A thousand views, each on the one before, and all on one table: half a million places would be passed. */
    @Test
    void whatIsTooLargeIsRefusedBeforeItIsLaidOut() {
        int[] ends = IntStream.range(1, 1_000)
                .flatMap(v -> IntStream.of(v - 1, v, 0, v))
                .toArray();
        assertThat(LayeredLayout.of(graph(1_000, ends), HEIGHT, GAP)).isEmpty();
    }

    @Test
    void pointsAreAsNearAsTheDistancesAllow() {
        double[] free = {0, 30, 60};
        assertThat(Spread.place(free, ones(3), distances(3))).isEqualTo(free);
        assertThat(Spread.place(new double[] {5, 5, 5}, ones(3), distances(3))).containsExactly(-5, 5, 15);
        assertThat(Spread.place(new double[] {0, 0}, new double[] {3, 1}, distances(2)))
                .as("the heavier one moves less")
                .containsExactly(-2.5, 7.5);
        Random random = new Random(3);
        for (int attempt = 0; attempt < 200; attempt++) {
            double[] wanted = random.doubles(8, 0, 60).toArray();
            double[] weights = random.doubles(8, 0.5, 4).toArray();
            double[] placed = Spread.place(wanted, weights, distances(8));
            for (int i = 1; i < 8; i++) {
                assertThat(placed[i] - placed[i - 1]).isGreaterThanOrEqualTo(10 - 1e-9);
            }
            // No feasible neighbour is better: the least is the only one, since the cost is convex.
            for (int step = 0; step < 50; step++) {
                double[] other = placed.clone();
                for (int i = 0; i < 8; i++) {
                    other[i] += random.nextGaussian() * 0.1;
                    other[i] = i == 0 ? other[i] : Math.max(other[i], other[i - 1] + 10);
                }
                assertThat(cost(other, wanted, weights)).isGreaterThanOrEqualTo(cost(placed, wanted, weights) - 1e-9);
            }
        }
    }

    private static double cost(double[] placed, double[] wanted, double[] weights) {
        return IntStream.range(0, placed.length)
                .mapToDouble(i -> weights[i] * Math.pow(placed[i] - wanted[i], 2))
                .sum();
    }

    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static double[] distances(int n) {
        double[] distances = new double[n];
        Arrays.fill(distances, 10);
        return distances;
    }

    private static long crossings(Digraph graph) {
        LayeredGraph layered = new LayeredGraph(Layering.of(graph));
        return CrossingReduction.crossings(layered, layered.layers());
    }

    private static long reduced(Digraph graph) {
        LayeredGraph layered = new LayeredGraph(Layering.of(graph));
        return CrossingReduction.crossings(layered, CrossingReduction.order(layered));
    }

    private static Digraph pairs(int n) {
        return graph(
                2 * n,
                IntStream.range(0, n)
                        .flatMap(i -> IntStream.of(i, 2 * n - 1 - i))
                        .toArray());
    }

    private static Digraph complete(int left, int right) {
        return graph(
                left + right,
                IntStream.range(0, left * right)
                        .flatMap(i -> IntStream.of(i / right, left + i % right))
                        .toArray());
    }

    static Digraph random(Random random, int vertices, int edges) {
        List<Edge> chosen = new ArrayList<>();
        for (int i = 0; i < edges && vertices > 1; i++) {
            int to = 1 + random.nextInt(vertices - 1);
            // Mostly near ones, as views read tables and views of a few layers.
            chosen.add(new Edge(random.nextInt(1 + to / 2), to));
        }
        return new Digraph(vertices, chosen);
    }

    private static Digraph graph(int vertices, int... ends) {
        List<Edge> edges = new ArrayList<>();
        for (int i = 0; i < ends.length; i += 2) {
            edges.add(new Edge(ends[i], ends[i + 1]));
        }
        return new Digraph(vertices, edges);
    }
}
