package io.refreshd.diagram;

import io.refreshd.report.ViewPhase;

/** The symbols of the pictures, 12 by 12, one for each phase and one for a table. Each has a shape of its own besides its colour. */
final class Symbols {
    static final String TABLE = "table";

    private Symbols() {}

    static String definitions() {
        StringBuilder out = new StringBuilder("<defs>");
        define(out, TABLE, "<path d=\"M1.5,2.5h9v7.5h-9zM1.5,5h9M5,5v5\" fill=\"none\" stroke=\"currentColor\"/>");
        for (ViewPhase phase : ViewPhase.values()) {
            define(out, phase.word(), shape(phase));
        }
        return out.append("</defs>\n").toString();
    }

    private static void define(StringBuilder out, String name, String shape) {
        out.append("<g id=\"s-").append(name).append("\">").append(shape).append("</g>");
    }

    static String use(String name, String x, String y) {
        return "<use href=\"#s-" + name + "\" x=\"" + x + "\" y=\"" + y + "\"/>";
    }

    private static String shape(ViewPhase phase) {
        String ring =
                "<circle cx=\"6\" cy=\"6\" r=\"4.25\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
        return switch (phase) {
            case FRESH -> "<circle cx=\"6\" cy=\"6\" r=\"4.5\" fill=\"currentColor\"/>";
            case DIRTY -> ring + "<path d=\"M6,1.75a4.25,4.25 0 0 0 0,8.5z\" fill=\"currentColor\"/>";
            case REFRESHING -> ring + "<circle cx=\"6\" cy=\"6\" r=\"1.75\" fill=\"currentColor\"/>";
            case BACKING_OFF -> "<path d=\"M6,1.25L11,10.5H1z\" fill=\"currentColor\"/>";
            case SUSPENDED -> "<path d=\"M2,2L10,10M10,2L2,10\" stroke=\"currentColor\" stroke-width=\"2.5\"/>";
            case BLOCKED -> ring + "<path d=\"M3,9L9,3\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
            case PAUSED -> "<path d=\"M4,2v8M8,2v8\" stroke=\"currentColor\" stroke-width=\"2.5\"/>";
            case UNTRACKED ->
                "<path d=\"M6,1.25L10.75,6L6,10.75L1.25,6z\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"/>";
        };
    }
}
