package io.refreshd.diagram;

import io.refreshd.model.ViewId;
import io.refreshd.report.ViewPhase;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Writes a picture as SVG. For assistive technology it is one image with a description; the same in words is the list of the page and
 * the text of {@code graph}. Pure.
 */
public final class PictureSvg {
    private static final int MARGIN = 2;
    private static final int LEGEND = 34;
    private static final double CELL = 7.25;
    private static final double SMALL_CELL = 6.35;
    /** Room of a box for its name, without symbol and margins. */
    private static final double ROOM = Picture.BOX_WIDTH - 34;

    private final Picture picture;
    private final Lineage lineage;
    private final PictureStates states;
    private final boolean oneSchema;
    private final boolean file;
    private final StringBuilder out = new StringBuilder();

    private PictureSvg(Lineage lineage, Picture picture, PictureStates states, boolean file) {
        this.file = file;
        this.lineage = lineage;
        this.picture = picture;
        this.states = states;
        this.oneSchema = lineage.schemas().size() == 1;
    }

    /** For a page that has {@link Style} and describes the picture in words. */
    public static String inPage(Lineage lineage, Picture picture, PictureStates states) {
        return new PictureSvg(lineage, picture, states, false).svg("", "");
    }

    /**
     * A file of its own.
     *
     * @param title what is shown
     * @param subtitle where and when
     */
    public static String file(Lineage lineage, Picture picture, PictureStates states, String title, String subtitle) {
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                + ascii(new PictureSvg(lineage, picture, states, true).svg(title, subtitle));
    }

    /** Standard output may have another encoding than the file says, so other characters are written as references. */
    private static String ascii(String svg) {
        StringBuilder out = new StringBuilder(svg.length());
        svg.codePoints().forEach(c -> out.append(c < 0x80 ? String.valueOf((char) c) : "&#" + c + ";"));
        return out.toString();
    }

    /** Says what is missing from the picture; empty if nothing is. */
    public static Optional<String> missing(Picture picture) {
        return picture.drawn() == picture.total()
                ? Optional.empty()
                : Optional.of(
                        picture.drawn() == 0
                                ? String.format("%,d tables and views are too many to be drawn", picture.total())
                                : String.format(
                                        "Drawn are %,d of %,d tables and views, those that hang together first",
                                        picture.drawn(), picture.total()));
    }

    private String svg(String title, String subtitle) {
        int edge = file ? 24 : MARGIN;
        int top = (file ? 74 : 0) + LEGEND + edge;
        long width = Math.round(Math.max(picture.width(), legendWidth()) + 2 * edge);
        long height = Math.round(picture.height() + top + edge);
        out.append("<svg class=\"picture").append(picture.width() < 1100 ? " narrow\"" : "\"");
        if (file) {
            out.append(" xmlns=\"http://www.w3.org/2000/svg\"");
        }
        out.append(" width=\"").append(width).append("\" height=\"").append(height);
        out.append("\" viewBox=\"0 0 ").append(width).append(' ').append(height);
        out.append("\" role=\"img\" aria-labelledby=\"picture-title picture-desc\">\n<title id=\"picture-title\">");
        out.append(file ? Xml.text(title) : "Which tables and views feed which views");
        out.append("</title>\n<desc id=\"picture-desc\">")
                .append(Xml.text(description()))
                .append("</desc>\n");
        if (file) {
            out.append("<style>").append(Style.standalone()).append("</style>\n");
            out.append("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
            text(edge, 42, "heading", title);
            text(
                    edge,
                    66,
                    "small",
                    subtitle + missing(picture).map(words -> ". " + words + ".").orElse(""));
        }
        out.append(Symbols.definitions(picture.boxHeight()));
        legend(edge, top - LEGEND);
        out.append("<g transform=\"translate(")
                .append(edge)
                .append(',')
                .append(top)
                .append(")\">\n<g class=\"lines\">\n");
        for (Picture.Line line : picture.lines()) {
            out.append("<path data-e=\"").append(line.from()).append(' ').append(line.to());
            out.append("\" d=\"").append(line.path()).append("\"/>\n");
        }
        out.append("</g>\n");
        picture.places().forEach(this::box);
        return out.append("</g>\n</svg>\n").toString();
    }

    private String description() {
        String counts = phases(lineage.upstream().keySet()).entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey().word())
                .collect(Collectors.joining(", "));
        return counted(lineage.readers().size(), "table") + " and "
                + counted(lineage.upstream().size(), "view")
                + (counts.isEmpty() ? "" : ": " + counts)
                + ". Lines lead from left to right, from what is read to what reads it.";
    }

    private static String counted(int count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    private Map<ViewPhase, Integer> phases(Iterable<ViewId> views) {
        Map<ViewPhase, Integer> counts = new EnumMap<>(ViewPhase.class);
        for (ViewId view : views) {
            PictureStates.State state = states.views().get(view);
            if (state != null) {
                counts.merge(state.phase(), 1, Integer::sum);
            }
        }
        return counts;
    }

    private List<Map.Entry<String, String>> legendEntries() {
        List<Map.Entry<String, String>> entries = new ArrayList<>();
        int tables = lineage.readers().size();
        entries.add(Map.entry(Symbols.TABLE, counted(tables, "table")));
        Map<ViewPhase, Integer> counts = phases(lineage.upstream().keySet());
        if (counts.isEmpty()) {
            entries.add(Map.entry("", lineage.upstream().size() + " views, of unknown freshness"));
        }
        counts.forEach((phase, count) -> entries.add(Map.entry(phase.word(), count + " " + phase.word())));
        return entries;
    }

    private double legendWidth() {
        return legendEntries().stream()
                .mapToDouble(entry -> 38 + Xml.cells(entry.getValue()) * CELL)
                .sum();
    }

    private void legend(int x, int y) {
        double at = x;
        for (Map.Entry<String, String> entry : legendEntries()) {
            out.append("<g class=\"").append(entry.getKey()).append("\">");
            if (!entry.getKey().isEmpty()) {
                out.append(Symbols.symbol(entry.getKey(), Picture.number(at), Picture.number(y + 2)));
            }
            text(at + (entry.getKey().isEmpty() ? 0 : 18), y + 12, "key", entry.getValue());
            out.append("</g>\n");
            at += 38 + Xml.cells(entry.getValue()) * CELL;
        }
    }

    private void text(double x, double y, String style, String words) {
        out.append("<text class=\"").append(style).append("\" x=\"").append(Picture.number(x));
        out.append("\" y=\"")
                .append(Picture.number(y))
                .append("\">")
                .append(Xml.text(words))
                .append("</text>");
    }

    private void box(Picture.Place place) {
        Box box = place.box();
        Optional<ViewId> worst = worst(box);
        String link = worst.map(states.link()).orElse("");
        String phase = worst.map(states.views()::get)
                .map(state -> state.phase().word())
                .orElse(box.isTable() ? Symbols.TABLE : Symbols.UNKNOWN);
        boolean bad = box.isTable() && box.tables().stream().anyMatch(states.notCaptured()::contains);
        String name = name(box);
        String shown = Xml.fit(name, (int) (ROOM / CELL));
        String words = words(box);
        out.append(link.isEmpty() ? "<g" : "<a href=\"" + Xml.text(link) + "\" tabindex=\"-1\"");
        out.append(" class=\"box ").append(phase).append(bad ? " missed" : "");
        out.append("\" data-n=\"").append(place.number()).append("\" transform=\"translate(");
        out.append(Picture.number(place.x()))
                .append(',')
                .append(Picture.number(place.y()))
                .append(")\">");
        // On the page, the box of one view leads to its row, which has the whole name and the words.
        if (file || link.isEmpty() || box.size() > 1) {
            out.append("<title>").append(Xml.text(full(box) + ": " + words)).append("</title>");
        }
        if (box.size() > 1) {
            out.append("<rect x=\"4\" y=\"4\" width=\"")
                    .append(Picture.number(Picture.BOX_WIDTH))
                    .append("\" height=\"");
            out.append(Picture.number(picture.boxHeight())).append(box.isTable() ? "\"/>" : "\" rx=\"10\"/>");
        }
        double middle = picture.boxHeight() / 2;
        out.append(Symbols.box(phase));
        text(26, picture.dense() ? middle + 4 : middle - 3, "name", shown);
        if (!picture.dense()) {
            text(26, middle + 12, "small", Xml.fit(words, (int) (ROOM / SMALL_CELL)));
        }
        out.append(link.isEmpty() ? "</g>\n" : "</a>\n");
    }

    /** The view in the gravest phase; of several the first. */
    private Optional<ViewId> worst(Box box) {
        return box.views().stream()
                .max(Comparator.comparingInt((ViewId view) -> Optional.ofNullable(
                                        states.views().get(view))
                                .map(state -> PictureStates.rank(state.phase()))
                                .orElse(-1))
                        .thenComparing(Comparator.reverseOrder()));
    }

    private String words(Box box) {
        if (box.isTable()) {
            long missed =
                    box.tables().stream().filter(states.notCaptured()::contains).count();
            return box.size() == 1
                    ? missed > 0 ? "table, not captured" : "table"
                    : box.size() + " tables" + (missed > 0 ? ", " + missed + " not captured" : "");
        }
        if (box.size() == 1) {
            return Optional.ofNullable(states.views().get(box.views().getFirst()))
                    .map(PictureStates.State::words)
                    .orElse("view");
        }
        String counts = phases(box.views()).entrySet().stream()
                .sorted(Comparator.comparingInt(entry -> -PictureStates.rank(entry.getKey())))
                .map(entry -> entry.getValue() + " " + entry.getKey().word())
                .collect(Collectors.joining(", "));
        return counts.isEmpty() ? box.size() + " views" : counts;
    }

    private String name(Box box) {
        if (box.size() > 1) {
            String suffix = "… × " + box.size();
            return Xml.fit(common(box), (int) (ROOM / CELL) - suffix.length()) + suffix;
        }
        return oneSchema ? bare(box) : full(box);
    }

    private static String bare(Box box) {
        return box.isTable()
                ? box.tables().getFirst().name()
                : box.views().getFirst().name();
    }

    private static String full(Box box) {
        String first = Objects.toString(
                box.isTable() ? box.tables().getFirst() : box.views().getFirst());
        return box.size() == 1 ? first : first + " and " + (box.size() - 1) + " more";
    }

    /** What all names begin with. */
    private String common(Box box) {
        List<String> names = box.isTable()
                ? box.tables().stream()
                        .map(table -> oneSchema ? table.name() : table.toString())
                        .toList()
                : box.views().stream()
                        .map(view -> oneSchema ? view.name() : view.toString())
                        .toList();
        String common = names.getFirst();
        for (String name : names) {
            int length = 0;
            while (length < Math.min(common.length(), name.length()) && common.charAt(length) == name.charAt(length)) {
                length++;
            }
            common = common.substring(0, length);
        }
        // Half of a character that takes two.
        return !common.isEmpty() && Character.isHighSurrogate(common.charAt(common.length() - 1))
                ? common.substring(0, common.length() - 1)
                : common;
    }
}
