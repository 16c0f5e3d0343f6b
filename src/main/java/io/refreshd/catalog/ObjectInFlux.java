package io.refreshd.catalog;

/**
 * An object that a running transaction is altering: a type, a function or the like. The transaction may have committed in the log without
 * being visible yet.
 *
 * @param object what it is, with its name
 * @param xid the full id of the transaction; it may be a subtransaction
 */
public record ObjectInFlux(String object, String xid) {}
