package io.refreshd.catalog;

import io.refreshd.model.ViewId;

/** A materialized view that reads a table, directly or through plain views. */
public record Reader(ViewId view, ReadColumns columns) {}
