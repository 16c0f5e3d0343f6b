package io.refreshd.roles;

import java.util.Optional;

/**
 * A key of a template whose value has changed since a view was created.
 *
 * @param before the former value; empty if the key was absent
 * @param after the present value; empty if the key is absent
 */
public record Change(String key, Optional<String> before, Optional<String> after) {}
