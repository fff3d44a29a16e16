-- The first schema. Times are nanoseconds since 1970 UTC, ids are UUIDs as 16 bytes, nested values are JSON.
-- Later migrations only add (expand); what they replace goes one release after (contract).

-- Every transaction that was applied lately, by the id that its writer gave it: a repeated one is recognised.
CREATE TABLE applied (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT,
    language    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    merged_into BLOB
) STRICT, WITHOUT ROWID;

-- An address may be claimed by several contacts; only one holds it as confirmed.
CREATE TABLE contact_addresses (
    contact   BLOB    NOT NULL,
    channel   TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    assurance INTEGER NOT NULL,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (contact, channel, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_addresses_value ON contact_addresses (channel, value, assurance DESC, added_at);

CREATE TABLE conversations (
    id            BLOB    NOT NULL PRIMARY KEY,
    key           TEXT    NOT NULL UNIQUE,
    secret_digest BLOB    NOT NULL,
    contact       BLOB    NOT NULL,
    channel       TEXT    NOT NULL,
    language      TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    owner_kind    TEXT    NOT NULL,
    owner_id      TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    case_id       BLOB,
    turns         INTEGER NOT NULL,
    waiting_since INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_contact ON conversations (contact);
CREATE INDEX conversations_created ON conversations (created_at);
CREATE INDEX conversations_open ON conversations (created_at) WHERE state = 'open';
CREATE INDEX conversations_waiting ON conversations (waiting_since)
    WHERE state = 'open' AND waiting_since IS NOT NULL;
CREATE INDEX conversations_held ON conversations (owner_kind, owner_id, waiting_since)
    WHERE state = 'open' AND owner_kind <> 'assistant';

-- `salt` makes the digest of a turn's content in the journal useless for guessing once the turn is erased.
CREATE TABLE turns (
    id           BLOB    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    key          TEXT    NOT NULL,
    author_kind  TEXT    NOT NULL,
    author_id    TEXT    NOT NULL,
    language     TEXT    NOT NULL,
    content      TEXT    NOT NULL,
    salt         BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (conversation, number),
    UNIQUE (conversation, key)
) STRICT;

-- Which bytes belong to which turn.
CREATE TABLE attachments (
    turn BLOB NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (turn, blob)
) STRICT, WITHOUT ROWID;

CREATE TABLE feedback (
    turn   BLOB    NOT NULL PRIMARY KEY,
    useful INTEGER NOT NULL,
    why    TEXT,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The inbox: citizens' turns that the assistant owes an answer to.
CREATE TABLE pending (
    turn         BLOB    NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL,
    since        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_since ON pending (since);
CREATE INDEX pending_conversation ON pending (conversation);

-- The outbox: what must leave through a channel that pushes.
CREATE TABLE outgoing (
    id           BLOB    NOT NULL PRIMARY KEY,
    channel      TEXT    NOT NULL,
    conversation BLOB    NOT NULL,
    turn         BLOB    NOT NULL UNIQUE,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    reason       TEXT
) STRICT;
CREATE INDEX outgoing_due ON outgoing (due) WHERE state = 'waiting';

-- `open` and `due` follow from state and clocks; `due` is the largest number where nothing is due.
CREATE TABLE cases (
    id           BLOB    NOT NULL PRIMARY KEY,
    reference    TEXT    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL,
    contact      BLOB    NOT NULL,
    kind         TEXT    NOT NULL,
    department   TEXT    NOT NULL,
    level        TEXT    NOT NULL,
    priority     INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    open         INTEGER NOT NULL,
    assignee     BLOB,
    reason       TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    language     TEXT    NOT NULL,
    clocks       TEXT    NOT NULL,
    due          INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX cases_conversation ON cases (conversation);
CREATE INDEX cases_contact ON cases (contact);
CREATE INDEX cases_urgency ON cases (priority DESC, due);
CREATE INDEX cases_open_urgency ON cases (priority DESC, due) WHERE open = 1;
CREATE INDEX cases_open_due ON cases (due) WHERE open = 1;
CREATE INDEX cases_department ON cases (department, priority DESC, due) WHERE open = 1;
CREATE INDEX cases_assignee ON cases (assignee, priority DESC, due) WHERE assignee IS NOT NULL;

-- What the watchdog has done about a case.
CREATE TABLE case_marks (
    case_id BLOB    NOT NULL,
    mark    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (case_id, mark)
) STRICT, WITHOUT ROWID;

-- One counter per year and block; `last_day` keeps the days in the order of the numbers.
CREATE TABLE registry_counters (
    year     INTEGER NOT NULL,
    block    TEXT    NOT NULL,
    next     INTEGER NOT NULL,
    last_day TEXT    NOT NULL,
    PRIMARY KEY (year, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE registry (
    year       INTEGER NOT NULL,
    block      TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    case_id    BLOB    NOT NULL UNIQUE,
    day        TEXT    NOT NULL,
    department TEXT    NOT NULL,
    annexes    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (year, block, number)
) STRICT;

CREATE TABLE articles (
    id       TEXT    NOT NULL,
    language TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    article  TEXT    NOT NULL,
    PRIMARY KEY (id, language)
) STRICT;

CREATE TABLE article_versions (
    id       TEXT    NOT NULL,
    language TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    article  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (id, language, version)
) STRICT;

CREATE TABLE guides (
    id    TEXT NOT NULL PRIMARY KEY,
    guide TEXT NOT NULL
) STRICT;

-- Texts of which there is one: the institution's list of synonyms.
CREATE TABLE singletons (
    name TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE operators (
    id                   BLOB    NOT NULL PRIMARY KEY,
    username             TEXT    NOT NULL UNIQUE,
    password_hash        TEXT    NOT NULL,
    display_name         TEXT    NOT NULL,
    role                 TEXT    NOT NULL,
    departments          TEXT    NOT NULL,
    language             TEXT    NOT NULL,
    active               INTEGER NOT NULL,
    must_change_password INTEGER NOT NULL,
    created_at           INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_digest BLOB    NOT NULL PRIMARY KEY,
    operator     BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_operator ON sessions (operator);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only. Never a citizen's words: ids, names of fields, states, salted digests.
CREATE TABLE journal (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    actor_kind   TEXT    NOT NULL,
    actor_id     TEXT    NOT NULL,
    event        TEXT    NOT NULL,
    conversation BLOB,
    case_id      BLOB,
    subject      TEXT,
    detail       TEXT    NOT NULL
) STRICT;
CREATE INDEX journal_knowledge ON journal (seq)
    WHERE event IN ('article_changed', 'guide_changed', 'synonyms_changed', 'outside_changed');

-- The chain: each seal covers the rows from `first` to `last` and the seal before it.
CREATE TABLE seals (
    number   INTEGER NOT NULL PRIMARY KEY,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    previous BLOB    NOT NULL,
    digest   BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    epoch    INTEGER NOT NULL
) STRICT;

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
