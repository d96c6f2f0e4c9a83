-- A name may be a group's: kind 2 is a user, 3 a group.
ALTER TABLE name RENAME COLUMN user TO holder;
ALTER TABLE name ADD COLUMN kind INTEGER NOT NULL DEFAULT 2 CHECK (kind IN (2, 3));
