-- Inference nodes that are being emptied or stay empty, until somebody takes them back. Who asked stands in the journal.
CREATE TABLE drained_nodes (
    name  TEXT    NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
