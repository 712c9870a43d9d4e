-- The database file: opening it for writing, and the migrations that were applied to it.

-- name: attach_atlas
-- Open the file at $path for writing, in the storage format that DuckDB 1.4.2 and later can read. Row groups are small
-- because rows are kilobytes wide: with the default of 122,880 rows per group, expression takes almost twice the space
-- and three times as long to write.
attach $path as atlas (storage_version 'v1.4.0', row_group_size 2048);

-- name: use_atlas
-- Make the attached file the default database of unqualified names.
use atlas;

-- name: print_no_progress
-- Print no progress bar.
set enable_progress_bar = false;

-- name: can_read_other_files
-- Whether statements can read other files.
select current_setting('enable_external_access')::boolean;

-- name: forbid_other_files
-- Restrict statements to the open database: no COPY to a file, no ATTACH, no extension, no variable of Python.
set enable_external_access = false;

-- name: limit_memory
-- Let statements use at most $bytes bytes of memory.
set memory_limit = '$bytes B';

-- name: forbid_temporary_files
-- Write no temporary files, which could fill the disk.
set max_temp_directory_size = '0 B';

-- name: lock_settings
-- Forbid further changes of settings.
set lock_configuration = true;

-- name: settings_are_locked
-- Whether settings cannot be changed.
select current_setting('lock_configuration')::boolean;

-- name: checkpoint_atlas
-- Merge the write-ahead log into the file, so that the database is a single file.
checkpoint atlas;

-- name: checkpoint_only_when_asked
-- Do not merge the write-ahead log into the file by itself.
set checkpoint_threshold = '1 TB';

-- name: keep_log_when_closed
-- Do not merge the write-ahead log into the file when it is closed.
pragma disable_checkpoint_on_shutdown;

-- name: blocks_of_metadata
-- The number of each block that contains metadata of tables.
select distinct block_id from pragma_metadata_info() where block_id >= 0 order by block_id;

-- name: block_size
-- The size of the blocks of the file, in bytes.
select block_size from pragma_database_size() where database_name = current_database();

-- name: count_tables
-- The number of tables in the file; 0 in a new one.
select count(*) from duckdb_tables() where not internal and not temporary;

-- name: definitions_of_tables_and_views
-- The definition of each table and view of the file.
select 'table' as kind, table_name as name, sql
from duckdb_tables()
where database_name = current_database() and schema_name = 'main' and not internal
union all
select 'view', view_name, sql
from duckdb_views()
where database_name = current_database() and schema_name = 'main' and not internal;

-- name: definitions_of_macros
-- The parameters and the definition of each macro of the file.
select 'macro' as kind, function_name as name, concat_ws(' ', array_to_string(parameters, ','), macro_definition) as sql
from duckdb_functions()
where database_name = current_database() and schema_name = 'main' and not internal;

-- name: create_schema_migrations
-- Create the table of the migrations that were applied.
create table if not exists schema_migrations (
    version integer primary key,
    name varchar not null,
    applied_at timestamp not null,
    coexpr_version varchar not null
);

-- name: applied_migrations
-- Every migration that was applied.
select version, name, coexpr_version from schema_migrations order by version;

-- name: insert_schema_migration
-- Record a migration as applied now.
insert into schema_migrations
values ($version, $name, current_timestamp at time zone 'UTC', $coexpr_version);

-- name: stored_definitions
-- The checksum of the views, macros and comments in the database.
select sha256 from schema_definitions;

-- name: forget_definitions
-- Delete the checksum, because the views, macros and comments have been replaced.
delete from schema_definitions;

-- name: record_definitions
-- Record the checksum of the views, macros and comments as applied now.
insert into schema_definitions values ($sha256, current_timestamp at time zone 'UTC', $coexpr_version);

-- name: set_threads
-- Set the number of threads for queries.
set threads = $threads;

-- name: described_names
-- Every table, view and macro that statements can name, with its columns or parameters, and its comment.
with named as (
    select 'table' as kind, table_name as name, comment from duckdb_tables() where not internal and not temporary
    union all
    select 'view', view_name, comment from duckdb_views() where not internal
),
columns_of as (
    select table_name as name, string_agg(column_name, ', ' order by column_index) as columns
    from duckdb_columns()
    where not internal
    group by table_name
),
macros as (
    select
        case function_type when 'table_macro' then 'table macro' else 'macro' end as kind,
        function_name as name,
        array_to_string(parameters, ', ') as columns,
        comment
    from duckdb_functions()
    where not internal
)
select kind, name, columns, comment from named left join columns_of using (name)
union all
select kind, name, columns, comment from macros
order by all;
