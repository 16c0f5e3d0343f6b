package io.refreshd.client;

/**
 * A column of a relation, as in the catalog.
 *
 * @param type name of the type; for a domain, the name of its base type
 * @param enumerated whether the type is an enum
 */
record Column(String name, String type, boolean enumerated) {}
