package io.refreshd.diagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The picture of tables and views, from what reads what to the SVG. */
class PictureTest {
    @ParameterizedTest
    @ValueSource(ints = {5, 60, 500})
    void everythingIsDrawnOnceAndNothingOverlaps(int size) {
        Lineage lineage = schema(size);
        Picture picture = Picture.of(lineage);
        assertThat(picture.drawn()).isEqualTo(picture.total()).isEqualTo(size);
        assertThat(PictureSvg.missing(picture)).isEmpty();
        assertNothingOverlaps(picture);
        Set<Object> drawn = new HashSet<>();
        picture.places().forEach(place -> {
            drawn.addAll(place.box().tables());
            drawn.addAll(place.box().views());
        });
        assertThat(drawn).hasSize(size);
    }

    private static void assertNothingOverlaps(Picture picture) {
        List<Picture.Place> places = picture.places();
        for (int i = 0; i < places.size(); i++) {
            Picture.Place one = places.get(i);
            assertThat(one.x()).isBetween(0.0, picture.width() - Picture.BOX_WIDTH);
            assertThat(one.y()).isBetween(0.0, picture.height() - picture.boxHeight());
            for (Picture.Place other : places.subList(0, i)) {
                if (Math.abs(one.x() - other.x()) < Picture.BOX_WIDTH
                        && Math.abs(one.y() - other.y()) <= picture.boxHeight() + 4) {
                    fail(one + " overlaps " + other);
                }
            }
        }
    }

    @Test
    void aLineBeginsAtTheRightOfWhatIsReadAndEndsAtTheLeftOfItsReader() {
        Picture picture = Picture.of(schema(60));
        Map<Integer, Picture.Place> places = new HashMap<>();
        picture.places().forEach(place -> places.put(place.number(), place));
        assertThat(picture.lines()).isNotEmpty();
        for (Picture.Line line : picture.lines()) {
            double[] numbers = Pattern.compile("-?\\d+")
                    .matcher(line.path())
                    .results()
                    .mapToDouble(number -> Double.parseDouble(number.group()))
                    .toArray();
            Picture.Place from = places.get(line.from());
            Picture.Place to = places.get(line.to());
            double half = picture.boxHeight() / 2;
            assertThat(numbers[0]).isEqualTo(from.x() + Picture.BOX_WIDTH);
            assertThat(numbers[1]).isEqualTo(from.y() + half);
            double x = numbers[0];
            double y = numbers[1];
            for (String step : line.path().split("(?=[ch])")) {
                String[] last = step.substring(step.lastIndexOf(' ') + 1).split(",");
                if (step.startsWith("c")) {
                    x += Double.parseDouble(last[0]);
                    y += Double.parseDouble(last[1]);
                } else if (step.startsWith("h")) {
                    x += Double.parseDouble(step.substring(1));
                }
            }
            assertThat(x).isEqualTo(to.x());
            assertThat(y).isEqualTo(to.y() + half);
        }
    }

    @Test
    void equalsAreOneBoxOnceTheyAreMany() {
        TableId main = new TableId("public", "main");
        List<ViewId> twelve = IntStream.range(0, 12).mapToObj(PictureTest::view).toList();
        assertThat(BoxGraph.of(Lineage.of(List.of(), Map.of(main, twelve), Map.of()), 12)
                        .boxes())
                .hasSize(13);
        List<ViewId> many = IntStream.range(0, 400).mapToObj(PictureTest::view).toList();
        Lineage roles = Lineage.of(List.of(), Map.of(main, many), Map.of(view(1000), List.of(view(7))));
        BoxGraph folded = BoxGraph.of(roles, 12);
        assertThat(folded.boxes()).extracting(Box::size).containsExactly(1, 399, 1, 1);
        assertThat(folded.graph().edges()).as("none is lost").hasSize(3);
        assertThat(Picture.of(roles).drawn()).isEqualTo(402);
    }

    @Test
    void partitionsAreOneBox() {
        Map<TableId, List<ViewId>> readers = new HashMap<>();
        IntStream.range(0, 365).forEach(day -> readers.put(new TableId("public", "day_" + day), List.of(view(1))));
        assertThat(BoxGraph.of(Lineage.of(List.of(), readers, Map.of()), 12).boxes())
                .extracting(Box::size)
                .containsExactly(365, 1);
    }

    /** Two thousand that all differ: the largest parts are drawn, and it is said that others are not. */
    @Test
    void ofTooManyTheLargestPartsAreDrawn() {
        Picture picture = Picture.of(chains(250, 8));
        assertThat(picture.places()).hasSizeBetween(1_400, Picture.MOST_BOXES);
        assertNothingOverlaps(picture);
        assertThat(PictureSvg.missing(picture))
                .get()
                .asString()
                .startsWith("Drawn are 1,4")
                .contains(" of 2,000 tables");
    }

    @Test
    void whatHangsTogetherAndIsTooLargeIsNotDrawnButSaid() {
        Map<ViewId, List<ViewId>> stack = new HashMap<>();
        IntStream.range(1, 2_000).forEach(i -> stack.put(view(i), List.of(view(i - 1))));
        Picture picture = Picture.of(Lineage.of(List.of(), Map.of(), stack));
        assertThat(picture.places()).isEmpty();
        assertThat(PictureSvg.missing(picture)).contains("2,000 tables and views are too many to be drawn");
    }

    @Test
    void aMillionLinesAreRefusedAtOnce() {
        List<ViewId> views = IntStream.range(0, 300).mapToObj(PictureTest::view).toList();
        Map<TableId, List<ViewId>> readers = new HashMap<>();
        IntStream.range(0, 300).forEach(i -> readers.put(new TableId("public", "t" + i), views));
        assertThat(Picture.of(Lineage.of(views, readers, Map.of())).drawn()).isZero();
    }

    @Test
    void whatIsAroundAViewIsWhatItReadsAndWhatReadsIt() {
        TableId read = new TableId("public", "read");
        TableId other = new TableId("public", "other");
        Lineage all = Lineage.of(
                List.of(),
                Map.of(read, List.of(view(1), view(9)), other, List.of(view(8))),
                Map.of(view(2), List.of(view(1), view(8)), view(3), List.of(view(2))));
        Lineage around = all.around(List.of(view(1)));
        assertThat(around.upstream().keySet()).containsExactly(view(1), view(2), view(3));
        assertThat(around.readers()).containsOnlyKeys(read);
        assertThat(around.readers().get(read)).containsExactly(view(1));
    }

    @Test
    void theFileIsWellFormedWhateverTheNamesAre() throws Exception {
        List<String> names = List.of(
                "<script>alert('x')</script>",
                "a\" onload=\"alert(1)",
                "]]>&amp;<!--",
                "line\nbreak\u0007\u001b[31m\u009b",
                "\u202eright-to-left\u2066",
                "noncharacter\uffff\ufffe\ud83f\udfff",
                "lone\ud83d",
                "שלום",
                "日本語の長い名前の表は幅が二倍になるので切られる",
                "😀".repeat(15),
                "a\u0301".repeat(20),
                "a_name_of_sixty_three_bytes_that_is_as_long_as_a_name_can_be_x");
        Map<TableId, List<ViewId>> readers = new LinkedHashMap<>();
        Map<ViewId, PictureStates.State> states = new HashMap<>();
        for (String name : names) {
            ViewId view = new ViewId("public", "v" + name);
            readers.put(new TableId("public", name), List.of(view));
            states.put(view, new PictureStates.State(ViewPhase.DIRTY, "dirty, 2 s behind"));
        }
        Lineage lineage = Lineage.of(List.of(), readers, Map.of());
        String svg = PictureSvg.file(
                lineage,
                Picture.of(lineage),
                new PictureStates(states, Set.of(), view -> "#" + view),
                "Tables of <b>\u0001",
                "now");
        assertThat(svg.chars()).as("any encoding will do").allMatch(c -> c < 0x80);
        Document document = parse(svg);
        assertThat(document.getDocumentElement().getAttribute("role")).isEqualTo("img");
        assertThat(document.getElementsByTagName("title").item(0).getTextContent())
                .isEqualTo("Tables of <b>\\u0001");
        assertThat(elements(document, "script")).isEmpty();
        List<String> labels = elements(document, "text").stream()
                .filter(text -> text.getAttribute("class").equals("name"))
                .map(Element::getTextContent)
                .toList();
        assertThat(labels)
                .hasSize(2 * names.size())
                .contains(
                        "line\\nbreak\\u00…31m\\u009b",
                        "\\u202eright-to-left\\u2066",
                        "שלום",
                        "v<script>alert(…</script>")
                .allSatisfy(label -> assertThat(Xml.cells(label)).isLessThanOrEqualTo(25));
        assertThat(elements(document, "title").stream().map(Element::getTextContent))
                .as("the whole name is there too")
                .contains("public.a_name_of_sixty_three_bytes_that_is_as_long_as_a_name_can_be_x: table");
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 60, 500})
    void theFileSaysInWordsWhatItShows(int size) throws Exception {
        Lineage lineage = schema(size);
        Map<ViewId, PictureStates.State> states = new HashMap<>();
        ViewPhase[] phases = ViewPhase.values();
        for (ViewId view : lineage.upstream().keySet()) {
            states.put(view, new PictureStates.State(phases[states.size() % phases.length], "some words"));
        }
        String svg = PictureSvg.file(
                lineage, Picture.of(lineage), new PictureStates(states, Set.of(), view -> ""), "title", "subtitle");
        Document document = parse(svg);
        assertThat(elements(document, "desc").getFirst().getTextContent())
                .containsPattern("[0-9] tables? and [0-9]+ views?: ")
                .doesNotContainPattern("\\b1 (tables|views)")
                .contains(" fresh", "left to right");
        // Each phase that occurs is in the legend, with a symbol of its own shape.
        Set<String> uses = new HashSet<>();
        elements(document, "use").forEach(use -> uses.add(use.getAttribute("href")));
        Set<String> defined = new HashSet<>();
        elements(document, "g").forEach(g -> defined.add("#" + g.getAttribute("id")));
        assertThat(defined).containsAll(uses);
        assertThat(svg).doesNotContain("var(").contains("prefers-color-scheme: dark");
    }

    @Test
    void aBoxOfManyShowsTheWorst() throws Exception {
        List<ViewId> views =
                IntStream.range(100, 120).mapToObj(PictureTest::view).toList();
        Lineage lineage = Lineage.of(List.of(), Map.of(new TableId("public", "main"), views), Map.of());
        Map<ViewId, PictureStates.State> states = new HashMap<>();
        views.forEach(view -> states.put(view, new PictureStates.State(ViewPhase.FRESH, "fresh")));
        states.put(views.get(3), new PictureStates.State(ViewPhase.SUSPENDED, "suspended"));
        String svg = PictureSvg.inPage(lineage, Picture.of(lineage), new PictureStates(states, Set.of(), ViewId::name));
        Document document = parse(svg);
        Element link = elements(document, "a").getFirst();
        assertThat(link.getAttribute("href")).isEqualTo("view_103");
        assertThat(link.getAttribute("class")).isEqualTo("box suspended");
        assertThat(link.getTextContent()).contains("view_1… × 20", "1 suspended, 19 fresh");
    }

    /** WCAG AA: 4.5 for text, 3 for lines that carry meaning. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void coloursHaveContrast(int scheme) {
        Map<String, String> colours = new HashMap<>();
        Pattern.compile("(--[a-z]+): light-dark\\((#\\w+), (#\\w+)\\);")
                .matcher(Style.COLOURS)
                .results()
                .forEach(found -> colours.put(found.group(1), found.group(scheme)));
        assertThat(colours).hasSize(10);
        for (String background : List.of("--back", "--tint")) {
            for (String text : List.of("--text", "--dim", "--good", "--busy", "--warn", "--bad")) {
                assertThat(contrast(colours.get(text), colours.get(background)))
                        .as(text + " on " + background)
                        .isGreaterThanOrEqualTo(4.5);
            }
        }
        assertThat(contrast(colours.get("--edge"), colours.get("--back"))).isGreaterThanOrEqualTo(3);
    }

    private static double contrast(String one, String other) {
        double a = luminance(one);
        double b = luminance(other);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }

    private static double luminance(String colour) {
        double[] parts = IntStream.of(1, 3, 5)
                .mapToDouble(at -> Integer.parseInt(colour.substring(at, at + 2), 16) / 255.0)
                .map(part -> part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4))
                .toArray();
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static List<Element> elements(Document document, String name) {
        NodeList nodes = document.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    static ViewId view(int i) {
        return new ViewId("public", "view_" + i);
    }

    /** Tables of several modules, with views on one to three of them, and views on views. */
    static Lineage schema(int size) {
        Random random = new Random(size);
        int tables = Math.max(2, size / 3);
        Map<TableId, Collection<ViewId>> readers = new LinkedHashMap<>();
        List<TableId> names = new ArrayList<>();
        for (int i = 0; i < tables; i++) {
            names.add(new TableId("public", "table_" + i));
            readers.put(names.get(i), new ArrayList<>());
        }
        Map<ViewId, List<ViewId>> upstream = new LinkedHashMap<>();
        List<ViewId> views = new ArrayList<>();
        for (int i = 0; i < size - tables; i++) {
            ViewId view = view(i);
            int module = i % Math.max(1, tables / 6);
            if (i > size / 3 && random.nextInt(3) == 0) {
                upstream.put(view, List.of(view(module), view(random.nextInt(i / 2) + 1)));
            }
            for (int k = 0; k <= random.nextInt(3); k++) {
                readers.get(names.get(Math.min(tables - 1, 6 * module + random.nextInt(6))))
                        .add(view);
            }
            views.add(view);
        }
        return Lineage.of(views, readers, upstream);
    }

    private static Lineage chains(int count, int length) {
        Map<ViewId, List<ViewId>> upstream = new HashMap<>();
        for (int chain = 0; chain < count; chain++) {
            for (int i = 1; i < length; i++) {
                upstream.put(view(chain * length + i), List.of(view(chain * length + i - 1)));
            }
        }
        return Lineage.of(Arrays.asList(), Map.of(), upstream);
    }
}
