-- Run at installation only: an upgrade must not undo what an administrator revoked since. The functions are PUBLIC's by default.

GRANT USAGE ON SCHEMA refreshd TO PUBLIC;
GRANT SELECT ON refreshd.freshness TO PUBLIC;
