package io.refreshd.catalog;

import io.refreshd.model.ViewId;

/** A materialized view that reads a table, directly or through plain views, and the table's columns that it reads. */
public record Reader(ViewId view, ReadColumns columns) {}
