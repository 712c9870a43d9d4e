-- Downloads: the files that were loaded, and what the database contains.

-- name: download_with_sha256
-- The download with the checksum $sha256, if it is loaded.
select
    donor_ids,
    (
        select list(coalesce(donor_name, donor_id::varchar) order by donor_id)
        from donors
        where list_contains(donor_ids, donor_id)
    ) as donors,
    samples,
    probes,
    genes
from downloads
where sha256 = $sha256;

-- name: insert_download
-- Record a download as loaded now.
insert into downloads by name
select
    $sha256 as sha256,
    $kind as kind,
    $location as location,
    $title as title,
    $donor_ids as donor_ids,
    $samples as samples,
    $probes as probes,
    $genes as genes,
    $files as files,
    current_timestamp at time zone 'UTC' as loaded_at,
    $coexpr_version as coexpr_version;

-- name: count_downloads
-- The number of downloads that are loaded.
select count(*) from downloads;

-- name: titles
-- The titles of atlases that are given in downloads.
select distinct title from downloads where title is not null order by title;

-- name: all_downloads
-- Every download, oldest first.
select kind, location, title, donor_ids, samples, probes, genes, sha256, files, loaded_at, coexpr_version
from downloads
order by loaded_at, sha256;

-- name: sources
-- Every download with its kind, the name of its file or folder and its checksum; and, without a kind, the releases of
-- gene names, terms and annotations.
select kind, regexp_extract(location, '[^/\\]*$') as name, sha256 as version from downloads
union all
select null, name, release from releases
order by all;

-- name: contents
-- The numbers of donors, samples, structures, probes and genes in the database.
select
    (select count(*) from donors) as donors,
    (select count(*) from samples) as samples,
    (select count(*) from structures) as structures,
    (select count(*) from probes) as probes,
    (select count(*) from genes) as genes;

-- name: loaded_downloads
-- A text that identifies the downloads and when they were loaded, as part of a cache key.
select coalesce(string_agg(concat(sha256, ' ', loaded_at), ';' order by sha256), '') from downloads;

-- name: known_downloads
-- The checksum of every download that is loaded.
select sha256 from downloads;

-- name: downloads_to_verify
-- Every download that is loaded, with the files that it was read from.
select sha256, kind, location, donor_ids, files from downloads order by loaded_at, sha256;
