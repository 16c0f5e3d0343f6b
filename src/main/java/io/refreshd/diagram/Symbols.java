package io.refreshd.diagram;

import io.refreshd.report.ViewPhase;

/**
 * The symbols of the pictures, 12 by 12, one for each phase and one for a table, and the boxes that hold them. Each symbol has a shape
 * of its own besides its colour. A box is drawn in the colours of what uses it.
 */
final class Symbols {
    static final String TABLE = "table";
    static final String UNKNOWN = "unknown";

    private Symbols() {}

    /** @param height of a box */
    static String definitions(double height) {
        StringBuilder out = new StringBuilder("<defs>");
        String view = rectangle(height, " rx=\"10\"");
        String table = "<path d=\"M1.5,2.5h9v7.5h-9zM1.5,5h9M5,5v5\" fill=\"none\" stroke=\"currentColor\"/>";
        define(out, TABLE, table, rectangle(height, " stroke-width=\"1.5\""), height);
        define(out, UNKNOWN, "", view, height);
        for (ViewPhase phase : ViewPhase.values()) {
            define(out, phase.word(), shape(phase), view, height);
        }
        return out.append("</defs>\n").toString();
    }

    private static String rectangle(double height, String style) {
        return "<rect width=\"" + Picture.number(Picture.BOX_WIDTH) + "\" height=\"" + Picture.number(height) + '"'
                + style + "/>";
    }

    private static void define(StringBuilder out, String name, String shape, String rectangle, double height) {
        out.append("<g id=\"s-")
                .append(name)
                .append("\">")
                .append(shape)
                .append("</g><g id=\"b-")
                .append(name);
        out.append("\">")
                .append(rectangle)
                .append(symbol(name, "8", Picture.number(height / 2 - 6)))
                .append("</g>\n");
    }

    static String symbol(String name, String x, String y) {
        return "<use href=\"#s-" + name + "\" x=\"" + x + "\" y=\"" + y + "\"/>";
    }

    static String box(String name) {
        return "<use href=\"#b-" + name + "\"/>";
    }

    private static String shape(ViewPhase phase) {
        String ring =
                "<circle cx=\"6\" cy=\"6\" r=\"4.25\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
        return switch (phase) {
            case FRESH -> "<circle cx=\"6\" cy=\"6\" r=\"4.5\" fill=\"currentColor\" stroke=\"none\"/>";
            case DIRTY -> ring + "<path d=\"M6,1.75a4.25,4.25 0 0 0 0,8.5z\" fill=\"currentColor\" stroke=\"none\"/>";
            case REFRESHING -> ring + "<circle cx=\"6\" cy=\"6\" r=\"1.75\" fill=\"currentColor\" stroke=\"none\"/>";
            case BACKING_OFF -> "<path d=\"M6,1.25L11,10.5H1z\" fill=\"currentColor\" stroke=\"none\"/>";
            case SUSPENDED ->
                "<path d=\"M2,2L10,10M10,2L2,10\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\"/>";
            case BLOCKED -> ring + "<path d=\"M3,9L9,3\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
            case WAITING -> ring + "<path d=\"M6,3.5V6L8,7.25\" fill=\"none\" stroke=\"currentColor\"/>";
            case PAUSED -> "<path d=\"M4,2v8M8,2v8\" stroke=\"currentColor\" stroke-width=\"2.5\"/>";
            case UNTRACKED ->
                "<path d=\"M6,1.25L10.75,6L6,10.75L1.25,6z\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
        };
    }
}
