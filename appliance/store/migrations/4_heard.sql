-- Of answers that were spoken and interrupted: what the citizen heard. The turn itself stays as it was written.
CREATE TABLE heard (
    turn  BLOB NOT NULL PRIMARY KEY,
    words TEXT NOT NULL
) STRICT, WITHOUT ROWID;
