package io.refreshd.demo;

import io.refreshd.model.ViewId;

/**
 * The result of comparing a view with its definition.
 *
 * @param rows of the view
 * @param onlyInView rows of the view that its definition does not return
 * @param onlyInDefinition rows that the definition returns and the view lacks
 */
record Comparison(ViewId view, long rows, long onlyInView, long onlyInDefinition) {
    boolean equal() {
        return onlyInView == 0 && onlyInDefinition == 0;
    }
}
