package io.refreshd.client;

/**
 * A column as the catalog has it.
 *
 * @param type name of its type; of what stands behind a domain
 */
record Column(String name, String type, boolean enumerated) {}
