-- The tenant's shares of what lies in escrow, sealed to a key that is not in this file. Without the key server's they
-- open nothing.
CREATE TABLE escrow_share (
    session    TEXT NOT NULL,
    pending    TEXT NOT NULL,
    commitment BLOB NOT NULL,
    depositor  TEXT NOT NULL,
    expires    INTEGER NOT NULL,
    -- Whether the share is there still, or only that it was.
    there      INTEGER NOT NULL,
    kept       BLOB NOT NULL,
    PRIMARY KEY (session, pending, commitment)
) STRICT, WITHOUT ROWID;
CREATE INDEX escrow_share_of_depositor ON escrow_share (depositor) WHERE there = 1;
CREATE INDEX escrow_share_by_age ON escrow_share (there, expires);
