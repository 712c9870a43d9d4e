-- Structures: the nodes of Allen's ontology.

-- name: structures_that_differ
-- Structures of a download that have another acronym, name or path in the database.
select
    incoming_structures.structure_id,
    concat_ws(' ', structures.acronym, structures.name, structures.structure_id_path) as stored,
    concat_ws(' ', incoming_structures.acronym, incoming_structures.name, incoming_structures.structure_id_path)
        as incoming
from incoming_structures
join structures using (structure_id)
where (structures.acronym, structures.name) <> (incoming_structures.acronym, incoming_structures.name)
    or structures.structure_id_path <> incoming_structures.structure_id_path
order by structure_id;

-- name: merge_structures
-- Insert the structures of a download, and fill in what is missing for structures that are already in the database.
-- Heatmap downloads lack the tree, and full-donor downloads lack top-level structures.
insert into structures by name
select * from incoming_structures
on conflict do update set
    parent_structure_id = coalesce(parent_structure_id, excluded.parent_structure_id),
    hemisphere = coalesce(hemisphere, excluded.hemisphere),
    graph_order = coalesce(graph_order, excluded.graph_order),
    structure_id_path = coalesce(structure_id_path, excluded.structure_id_path),
    color_hex_triplet = coalesce(color_hex_triplet, excluded.color_hex_triplet),
    top_level_structure_id = coalesce(top_level_structure_id, excluded.top_level_structure_id);

-- name: structures_called
-- The structures that match $name, and the way of matching.
from structures_called($name);

-- name: structures_called_by_names
-- The structures that match each of given_names, and the way of matching. Names that match none have no row.
select given_names.name as given_name, structures.*
from given_names, structures_called(given_names.name) as structures
order by given_names.name, structures.structure_id;

-- name: structures_near
-- The names of structures that are most similar to $name, best first.
select distinct plain_structure(name) as name, acronym
from structures
where contains(lower(name), lower($name))
    or jaro_winkler_similarity(lower(name), lower($name)) > 0.8
    or jaro_winkler_similarity(lower(acronym), lower($name)) > 0.9
order by damerau_levenshtein(plain_structure(name), lower($name)), name
limit 5;

-- name: create_chosen_structures
-- Create the table of the structures that a query is limited to.
create or replace temp table chosen_structures (structure_id integer not null);

-- name: choose_structures_below
-- Add the requested structures and all structures below them.
insert into chosen_structures
select distinct below_id from structure_descendants join requested_structures using (structure_id);

-- name: all_structure_ids
-- The id of every structure.
select structure_id from structures;

-- name: nearest_requested_structures
-- For each structure with samples, the nearest of the requested structures at or above it: of those, the one with the
-- fewest structures below it.
with sizes as (
    select structure_id, count(*) as size
    from structure_descendants
    semi join requested_structures using (structure_id)
    group by structure_id
)
select
    structure_descendants.below_id as structure_id,
    arg_min(structure_descendants.structure_id, (sizes.size, structure_descendants.structure_id)) as nearest_id
from structure_descendants
join sizes using (structure_id)
semi join samples on samples.structure_id = structure_descendants.below_id
group by structure_descendants.below_id;

-- name: structure_tree
-- The structures with samples, in the order of the tree, with one row per donor that has samples in or below the
-- structure. $search limits them by acronym, id or part of the name (null: every structure).
select
    structure_tree.structure_id,
    structure_tree.acronym,
    structure_tree.name,
    structure_tree.hemisphere,
    structure_tree.depth,
    structures.color_hex_triplet as color,
    structure_samples.donor_id,
    structure_samples.samples
from structure_tree
join structures using (structure_id)
join structure_samples using (structure_id)
where $search is null
    or lower(structure_tree.acronym) = lower($search)
    or contains(lower(structure_tree.name), lower($search))
    or structure_tree.structure_id = try_cast($search as integer)
order by structure_tree.graph_order nulls last, structure_tree.structure_id, structure_samples.donor_id;

-- name: structure_paths
-- The path from the root of the tree to each structure, if the tree is loaded.
select structure_id, structure_id_path from structures where structure_id_path is not null;
