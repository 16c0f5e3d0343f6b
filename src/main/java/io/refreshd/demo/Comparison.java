package io.refreshd.demo;

import io.refreshd.model.ViewId;

/**
 * A view against its definition.
 *
 * @param onlyInView rows of the view that the definition does not yield
 * @param onlyInDefinition rows of the definition that the view lacks
 */
record Comparison(ViewId view, long rows, long onlyInView, long onlyInDefinition) {
    boolean equal() {
        return onlyInView == 0 && onlyInDefinition == 0;
    }
}
