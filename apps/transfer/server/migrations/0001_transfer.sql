-- Everything that this server knows of cases and requests: random identifiers, groups, states, times, a three-step
-- urgency, a care family, lengths of sealed blobs. No column holds what a person wrote, and none identifies a patient.

-- The public directory, and where notifications go. `public` is the entry as the page gets it.
CREATE TABLE facility (
    grp      TEXT NOT NULL PRIMARY KEY,
    public   TEXT NOT NULL,
    address  TEXT,
    language TEXT NOT NULL,
    updated  INTEGER NOT NULL
) STRICT;

-- Who may sign up. The code itself is not kept.
CREATE TABLE invitation (
    code     BLOB NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    facility TEXT,
    expires  INTEGER NOT NULL,
    used_by  TEXT
) STRICT, WITHOUT ROWID;

-- Professionals who signed up here, by the name with which they log in.
CREATE TABLE person (
    user    TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

-- Sessions of browsers. Whoever reads this table cannot use one.
CREATE TABLE session (
    token   BLOB NOT NULL PRIMARY KEY,
    user    TEXT NOT NULL,
    device  TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE transfer_case (
    id                TEXT NOT NULL PRIMARY KEY,
    facility          TEXT NOT NULL,
    state             TEXT NOT NULL,
    urgency           TEXT NOT NULL,
    family            TEXT NOT NULL,
    ready             INTEGER NOT NULL,
    consent           INTEGER NOT NULL,
    session           TEXT NOT NULL,
    documents_session TEXT NOT NULL,
    sealed            TEXT NOT NULL,
    version           INTEGER NOT NULL,
    created           INTEGER NOT NULL,
    updated           INTEGER NOT NULL
) STRICT;
CREATE INDEX case_with_sealed ON transfer_case (sealed);
CREATE INDEX case_of_facility ON transfer_case (facility, created DESC, id DESC);

CREATE TABLE document (
    case_id TEXT NOT NULL REFERENCES transfer_case (id),
    blob    TEXT NOT NULL UNIQUE,
    PRIMARY KEY (case_id, blob)
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    id                 TEXT NOT NULL PRIMARY KEY,
    case_id            TEXT NOT NULL REFERENCES transfer_case (id),
    sender             TEXT NOT NULL,
    receiver           TEXT NOT NULL,
    state              TEXT NOT NULL,
    urgency            TEXT NOT NULL,
    family             TEXT NOT NULL,
    deadline           INTEGER NOT NULL,
    paused_since       INTEGER,
    session            TEXT NOT NULL,
    sealed             TEXT NOT NULL,
    reason_groups      TEXT NOT NULL DEFAULT '',
    disclosure_session TEXT,
    disclosure_sealed  TEXT,
    entered_by_sender  INTEGER NOT NULL DEFAULT 0,
    -- When the receiver's access was ended for good: by a final state, or because another facility was chosen.
    released           INTEGER,
    version            INTEGER NOT NULL,
    created            INTEGER NOT NULL,
    updated            INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX request_with_session ON request (session);
CREATE INDEX request_of_case ON request (case_id, created);
CREATE INDEX request_of_receiver ON request (receiver, deadline, id);
CREATE INDEX request_by_deadline ON request (state, deadline) WHERE paused_since IS NULL;
CREATE INDEX request_with_sealed ON request (sealed);
CREATE INDEX request_with_disclosure ON request (disclosure_sealed) WHERE disclosure_sealed IS NOT NULL;

-- What happened to a request, and what was sealed with it.
CREATE TABLE event (
    number  INTEGER PRIMARY KEY,
    request TEXT NOT NULL REFERENCES request (id),
    state   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    user    TEXT,
    side    TEXT NOT NULL,
    blob    TEXT
) STRICT;
CREATE INDEX event_of_request ON event (request, number);
CREATE INDEX event_with_blob ON event (blob) WHERE blob IS NOT NULL;

-- Whose access to which session still has to be ended by the sender's signature.
CREATE TABLE revocation (
    id       TEXT NOT NULL PRIMARY KEY,
    request  TEXT NOT NULL REFERENCES request (id),
    case_id  TEXT NOT NULL,
    facility TEXT NOT NULL,
    session  TEXT NOT NULL,
    grp      TEXT NOT NULL,
    created  INTEGER NOT NULL,
    done     INTEGER,
    UNIQUE (session, grp)
) STRICT;
CREATE INDEX revocation_open ON revocation (facility, created) WHERE done IS NULL;
CREATE INDEX revocation_of_case ON revocation (case_id);

CREATE TABLE blob (
    id       TEXT NOT NULL PRIMARY KEY,
    facility TEXT NOT NULL,
    size     INTEGER NOT NULL,
    received INTEGER NOT NULL,
    -- Of its content, when it came at once: what a repetition is compared with.
    hash     BLOB,
    created  INTEGER NOT NULL
) STRICT;
CREATE INDEX blob_by_age ON blob (created);

-- A blob lies in the object store as parts, each written once: what an interruption left is known exactly.
CREATE TABLE part (
    blob   TEXT NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
    start  INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    -- What the object store calls it.
    name   TEXT NOT NULL,
    PRIMARY KEY (blob, start)
) STRICT, WITHOUT ROWID;

-- What concerns a facility, in order: the numbers are the identifiers of server-sent events.
CREATE TABLE change (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    facility TEXT NOT NULL,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    case_id  TEXT NOT NULL,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX change_of_facility ON change (facility, number);

-- Notifications that wait to be sent.
CREATE TABLE mail (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    facility TEXT NOT NULL,
    kind     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX mail_due ON mail (due);

-- Changes that were made, by the hash of who asked for what: whoever did not hear the answer may ask again.
CREATE TABLE done (
    hash BLOB NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX done_at ON done (at);
