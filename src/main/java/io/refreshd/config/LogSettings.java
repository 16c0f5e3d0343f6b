package io.refreshd.config;

/**
 * What the log shows.
 *
 * @param values whether it shows what may hold values of rows: the server's words about a failed refresh, keys of rows
 */
public record LogSettings(boolean values) {}
