-- The database file itself: how it is opened for writing, and which migrations it has seen.

-- name: attach_atlas
-- Open the file at the path for writing, as any DuckDB from 1.4.2 on can read it. Small row groups
-- suit rows that are kilobytes wide: with DuckDB's usual 122,880 rows a group, expression takes
-- almost twice the bytes and three times the time to write.
attach $path as atlas (storage_version 'v1.4.0', row_group_size 2048);

-- name: use_atlas
-- Let unqualified names mean the attached file.
use atlas;

-- name: forbid_other_files
-- Let statements read the open database and nothing else: no COPY to a file, no ATTACH, no download.
set enable_external_access = false;

-- name: find_tables_of_the_caller
-- Let statements name a DataFrame or an Arrow table of whoever calls from Python, however far up.
set python_scan_all_frames = true;

-- name: checkpoint_atlas
-- Fold the write-ahead log into the file, so that one file is all there is.
checkpoint atlas;

-- name: count_tables
-- How many tables the file holds: none in a new one.
select count(*) from duckdb_tables() where not internal and not temporary;

-- name: create_schema_migrations
-- The record of which migrations a database has seen.
create table if not exists schema_migrations (
    version integer primary key,
    name varchar not null,
    applied_at timestamp not null,
    coexpr_version varchar not null
);

-- name: applied_migrations
-- Every migration that the database has seen.
select version, name, coexpr_version from schema_migrations order by version;

-- name: insert_schema_migration
-- Record a migration as applied now.
insert into schema_migrations
values ($version, $name, current_timestamp at time zone 'UTC', $coexpr_version);

-- name: stored_definitions
-- The checksum of the views, macros and comments that the database has.
select sha256 from schema_definitions;

-- name: forget_definitions
-- Other views, macros and comments have replaced them.
delete from schema_definitions;

-- name: record_definitions
-- Record that views, macros and comments were applied now.
insert into schema_definitions values ($sha256, current_timestamp at time zone 'UTC', $coexpr_version);

-- name: set_threads
-- Let so many threads work on queries.
set threads = $threads;
