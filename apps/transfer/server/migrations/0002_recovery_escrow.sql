-- Ways back in, and facilities that are not registered yet. Still no column that says anything about a patient: users,
-- records, addresses of professionals, sealed shares and the states of requests.

-- Where letters to a person go, and up to which statement of his chain he was told of recoveries.
ALTER TABLE person ADD COLUMN address TEXT;
ALTER TABLE person ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
ALTER TABLE person ADD COLUMN told INTEGER NOT NULL DEFAULT 0;

-- An invitation may be a facility's, or for somebody who begins anew.
ALTER TABLE invitation ADD COLUMN identifier TEXT;
ALTER TABLE invitation ADD COLUMN replaces TEXT;
CREATE INDEX invitation_of_identifier ON invitation (identifier) WHERE identifier IS NOT NULL;
CREATE INDEX invitation_of_facility ON invitation (facility) WHERE replaces IS NOT NULL;

-- The tenant's half of the two-man rule. Without the vault's it opens nothing.
CREATE TABLE share (
    user     TEXT NOT NULL,
    record   BLOB NOT NULL,
    share    BLOB NOT NULL,
    address  TEXT NOT NULL,
    language TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (user, record)
) STRICT, WITHOUT ROWID;

-- Codes that were asked for: for names that nobody has, too. The code itself is not kept; it follows from the identifier
-- and a key that is not in this file.
CREATE TABLE attempt (
    id      BLOB NOT NULL PRIMARY KEY,
    -- Keyed hashes of the name and of where it was asked from.
    name    BLOB NOT NULL,
    origin  BLOB NOT NULL,
    user    TEXT,
    record  BLOB,
    tag     TEXT NOT NULL,
    created INTEGER NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    done    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_of_name ON attempt (name, created);
CREATE INDEX attempt_by_age ON attempt (created);

-- Requests for help of administrators.
CREATE TABLE help (
    id         TEXT NOT NULL PRIMARY KEY,
    secret     BLOB NOT NULL,
    name       BLOB NOT NULL,
    origin     BLOB NOT NULL,
    user       TEXT,
    record     BLOB,
    grp        TEXT,
    quorum     INTEGER NOT NULL,
    client_key BLOB NOT NULL,
    tag        TEXT NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    declined   INTEGER,
    blob       BLOB
) STRICT;
CREATE INDEX help_of_name ON help (name, created);
CREATE INDEX help_by_age ON help (created);

-- Who may answer: the administrators whom the person's chain names.
CREATE TABLE helper (
    help    TEXT NOT NULL REFERENCES help (id) ON DELETE CASCADE,
    user    TEXT NOT NULL,
    release BLOB,
    PRIMARY KEY (help, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX helper_by_user ON helper (user);

-- Letters to people and to facilities that are not registered yet.
CREATE TABLE letter (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    address  TEXT NOT NULL,
    language TEXT NOT NULL,
    kind     TEXT NOT NULL,
    -- Which attempt or which invitation: codes are made of it when the letter is sent.
    about    BLOB,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    -- From then on nobody has any use for it.
    expires  INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX letter_due ON letter (due);

-- Facilities that can be asked and are not registered yet, by their identifier in a public register.
CREATE TABLE announced (
    identifier  TEXT NOT NULL PRIMARY KEY,
    public      TEXT NOT NULL,
    address     TEXT NOT NULL,
    language    TEXT NOT NULL,
    updated     INTEGER NOT NULL,
    -- How many invitations it was sent: the last one counts.
    invitations INTEGER NOT NULL DEFAULT 0,
    grp         TEXT UNIQUE
) STRICT;

-- A request may go to an identifier until a group has it; the key of its session then waits in escrow.
ALTER TABLE request ADD COLUMN pending TEXT;
ALTER TABLE request ADD COLUMN disclosure_pending TEXT;
ALTER TABLE request ADD COLUMN delivered INTEGER;
ALTER TABLE request ADD COLUMN reminded INTEGER;
CREATE INDEX request_in_escrow ON request (deadline) WHERE pending IS NOT NULL AND delivered IS NULL;
ALTER TABLE revocation ADD COLUMN pending TEXT;
