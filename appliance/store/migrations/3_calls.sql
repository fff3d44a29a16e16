-- Telephone calls. `caller` is the citizen's number and goes with an erasure; the journal names a call by its id alone.
CREATE TABLE calls (
    id             BLOB    NOT NULL PRIMARY KEY,
    conversation   BLOB,
    server         INTEGER NOT NULL,
    direction      TEXT    NOT NULL,
    caller         TEXT,
    dialled        TEXT    NOT NULL,
    peer           TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    started_at     INTEGER NOT NULL,
    answered_at    INTEGER,
    ended_at       INTEGER,
    ending         TEXT,
    standing       TEXT    NOT NULL,
    department     TEXT,
    transferred_to TEXT,
    recording      TEXT    NOT NULL,
    blob           TEXT,
    keep_until     INTEGER,
    timings        TEXT    NOT NULL,
    quality        TEXT    NOT NULL
) STRICT;
CREATE INDEX calls_started ON calls (started_at);
CREATE INDEX calls_conversation ON calls (conversation) WHERE conversation IS NOT NULL;
CREATE INDEX calls_live ON calls (started_at) WHERE ended_at IS NULL;
CREATE INDEX calls_keep_until ON calls (keep_until) WHERE blob IS NOT NULL;

-- Promises to ring somebody. `next_at` is when it is dialled, or when a dialler that says nothing is taken for dead.
CREATE TABLE call_backs (
    id         BLOB    NOT NULL PRIMARY KEY,
    key        TEXT    NOT NULL UNIQUE,
    case_id    BLOB    NOT NULL,
    number     TEXT    NOT NULL,
    department TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    not_after  INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    last_call  BLOB,
    operator   BLOB,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX call_backs_due ON call_backs (next_at) WHERE state IN ('waiting', 'dialling');
CREATE INDEX call_backs_case ON call_backs (case_id);
CREATE INDEX call_backs_created ON call_backs (created_at);

-- Commands of operators on their way to the server that has the call.
CREATE TABLE call_intents (
    id      BLOB    NOT NULL PRIMARY KEY,
    call    BLOB    NOT NULL,
    server  INTEGER NOT NULL,
    by      BLOB    NOT NULL,
    command TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    state   TEXT    NOT NULL,
    result  TEXT
) STRICT;
CREATE INDEX call_intents_posted ON call_intents (server, at) WHERE state = 'posted';

-- The telephone at which calls reach a member of staff.
ALTER TABLE operators ADD COLUMN extension TEXT;
