-- The tables of a store (a DuckLake). Names follow OpenTelemetry's log data model; times are UTC.
-- Only `records` is large. How it is cut into files and ordered in them: see cutting.py

-- one byte stream: a file, a member of an archive, standard input
CREATE TABLE IF NOT EXISTS lake.parts (
    part INTEGER, source VARCHAR, "group" VARCHAR, path VARCHAR, member VARCHAR,
    service VARCHAR, host VARCHAR, container VARCHAR, pod VARCHAR, namespace VARCHAR,
    device BIGINT, inode BIGINT, head_length INTEGER, head_sha256 VARCHAR, zone VARCHAR, added TIMESTAMP
);

-- how far a part was read: the row of the highest step counts (clocks may go back). The last record begins at tail_offset: more of it may still come
CREATE TABLE IF NOT EXISTS lake.progress (
    part INTEGER, "offset" BIGINT, line BIGINT, tail_offset BIGINT, tail_line BIGINT, size BIGINT, mtime_ns BIGINT,
    complete BOOLEAN, noted TIMESTAMP, step BIGINT
);

-- what `records.format` counts: the formats a line passed through, outermost first, each with its definition
CREATE TABLE IF NOT EXISTS lake.formats (format INTEGER, name VARCHAR, definition VARCHAR);

-- what `records.stamp` and `observed_stamp` count: how a time was written (see stamp.py)
CREATE TABLE IF NOT EXISTS lake.renderings (rendering INTEGER, text VARCHAR);

-- one whole log event with its continuation lines. Identity: (part, offset)
CREATE TABLE IF NOT EXISTS lake.records (
    part INTEGER, "offset" BIGINT, line BIGINT, lines INTEGER,
    timestamp TIMESTAMP, nanos SMALLINT, stamp SMALLINT,
    observed TIMESTAMP, observed_nanos SMALLINT, observed_stamp SMALLINT,
    severity_number UTINYINT, severity_text VARCHAR, format INTEGER, shape BIGINT, flags VARCHAR,
    service VARCHAR, host VARCHAR, container VARCHAR, pod VARCHAR, namespace VARCHAR,
    trace BIGINT, span BIGINT, request BIGINT,  -- ids of lake.ids
    frame VARCHAR,  -- the text with body, times and ids cut out (see frame.py)
    body VARCHAR,   -- without the ids
    exact BLOB      -- the bytes, where the text does not give them back
);

-- the texts of trace, span and request ids; a text may come under several numbers
CREATE TABLE IF NOT EXISTS lake.ids (id BIGINT, text VARCHAR);

-- one signature found in one record
CREATE TABLE IF NOT EXISTS lake.hits (
    part INTEGER, "offset" BIGINT, timestamp TIMESTAMP, pattern VARCHAR, category VARCHAR, severity_number UTINYINT,
    captures MAP(VARCHAR, VARCHAR)
);

-- the search index: a text in which what varies is masked, with marks at its seams (see shape.py); `wording`: what
-- templates are mined from.
-- A negative number: of records kept whole, in which a search cannot rely on it
CREATE TABLE IF NOT EXISTS lake.shapes (shape BIGINT, text VARCHAR, wording VARCHAR, first_seen TIMESTAMP);

-- templates, and which one each shape has: mined from all shapes whenever new ones come (records are never rewritten)
CREATE TABLE IF NOT EXISTS lake.templates (template BIGINT, text VARCHAR);
CREATE TABLE IF NOT EXISTS lake.mined (shape BIGINT, template BIGINT);

-- how many records a minute had; rows add up, and may be negative where a record was replaced
CREATE TABLE IF NOT EXISTS lake.activity (minute TIMESTAMP, part INTEGER, shape BIGINT, severity_number UTINYINT, records BIGINT);

-- the values that records of a part and shape have in some columns (`name`), as kept in `records`; rows may be there twice,
-- and stay when the records are gone. `many`: too many to be told
CREATE TABLE IF NOT EXISTS lake.facets (part INTEGER, shape BIGINT, name VARCHAR, value VARCHAR, many BOOLEAN);

-- which grams (pieces of numbers and ids, see grams.py) the texts of a part's records have, from the offset `first` up to
-- `last`, as a bitmap of their hashes. Part 0: the same of ids, by number; `longest`: the length of the longest one.
-- Compaction takes those of ids, and of parts that it mixes, out of here (see file_grams.py). Part -1: of a file, in older stores
CREATE TABLE IF NOT EXISTS lake.grams (part INTEGER, first BIGINT, last BIGINT, longest INTEGER, bits BLOB);

-- the version of these tables
CREATE TABLE IF NOT EXISTS lake.meta (key VARCHAR, value VARCHAR);
