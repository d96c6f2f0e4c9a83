-- Recipients who do not exist yet, and what is kept for them.

-- Recipients of sessions that are or were pending. Fates: 1 waiting, 2 claimed, 3 revoked, 4 expired.
-- `bytes` is the box with the deposit, for as long as it waits; what is overwritten or removed here
-- is overwritten in the file too (`secure_delete`).
CREATE TABLE pending (
    tenant      BLOB    NOT NULL,
    session     BLOB    NOT NULL CHECK (length(session) = 32),
    pending     BLOB    NOT NULL CHECK (length(pending) = 32),
    name        BLOB    NOT NULL CHECK (length(name) = 32),
    position    INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    commitment  BLOB    NOT NULL CHECK (length(commitment) = 32),
    expires     INTEGER NOT NULL,
    fate        INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    member_kind INTEGER,
    member      BLOB    CHECK (length(member) = 32),
    bytes       BLOB    CHECK ((bytes IS NULL) = (fate <> 1)),
    receipt     BLOB    CHECK (length(receipt) = 64),
    -- Number of the latest news of it that no statement tells; 0 for none.
    news        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, session, pending)
) STRICT;

CREATE INDEX pending_by_name ON pending (tenant, name, position) WHERE fate = 1;
CREATE INDEX pending_by_end ON pending (expires) WHERE fate = 1;
CREATE INDEX pending_by_news ON pending (tenant, news) WHERE news > 0;

-- To whom shares were released, and when first.
CREATE TABLE release (
    tenant      BLOB    NOT NULL,
    session     BLOB    NOT NULL,
    pending     BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    time        INTEGER NOT NULL,
    PRIMARY KEY (tenant, session, pending, member_kind, member)
) STRICT, WITHOUT ROWID;

-- For what a code was sent. A row that has ended means nothing.
CREATE TABLE code_errand (
    attempt     BLOB    NOT NULL PRIMARY KEY CHECK (length(attempt) = 32),
    tenant      BLOB    NOT NULL,
    user        BLOB    NOT NULL CHECK (length(user) = 32),
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    name        BLOB    NOT NULL CHECK (length(name) = 32),
    address     BLOB    NOT NULL CHECK (length(address) = 32),
    ends        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who showed that he reads what is sent to an address, by a code of the address that only this
-- server can compute. A row that has ended means nothing.
CREATE TABLE reads_mail (
    tenant      BLOB    NOT NULL,
    member_kind INTEGER NOT NULL,
    member      BLOB    NOT NULL CHECK (length(member) = 32),
    address     BLOB    NOT NULL CHECK (length(address) = 32),
    until       INTEGER NOT NULL,
    PRIMARY KEY (tenant, member_kind, member, address)
) STRICT, WITHOUT ROWID;

-- One-time codes: those that were sent, as MACs.
CREATE TABLE code_attempt (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    mac     BLOB    NOT NULL CHECK (length(mac) = 32),
    ends    INTEGER NOT NULL,
    tries   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_attempt_by_end ON code_attempt (ends);

-- What is counted: 1 a code was issued, 2 a try was wrong.
CREATE TABLE code_event (
    number  INTEGER NOT NULL PRIMARY KEY,
    event   INTEGER NOT NULL CHECK (event BETWEEN 1 AND 2),
    tenant  BLOB    NOT NULL CHECK (length(tenant) = 32),
    subject BLOB    NOT NULL CHECK (length(subject) = 32),
    time    INTEGER NOT NULL
) STRICT;

CREATE INDEX code_event_by_subject ON code_event (event, tenant, subject, time);
CREATE INDEX code_event_by_tenant ON code_event (event, tenant, time);
CREATE INDEX code_event_by_time ON code_event (event, time);

-- Accounts with too many wrong tries.
CREATE TABLE code_lock (
    tenant  BLOB NOT NULL CHECK (length(tenant) = 32),
    subject BLOB NOT NULL CHECK (length(subject) = 32),
    PRIMARY KEY (tenant, subject)
) STRICT, WITHOUT ROWID;
