package io.refreshd.roles;

import java.util.Optional;

/**
 * What is to become different about a view that is there.
 *
 * @param key of the template
 * @param before empty if it was not given
 * @param after empty if it is not given any longer
 */
public record Change(String key, Optional<String> before, Optional<String> after) {}
