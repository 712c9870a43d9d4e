-- Structures: the nodes of Allen's ontology.

-- name: structures_that_differ
-- Structures of a download that the database knows otherwise.
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
-- Add the structures of a download. A heatmap download knows no tree and a full-donor download no
-- top-level structures: each fills what the other left open.
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
-- The structures that $name means, and in which way.
from structures_called($name);

-- name: structures_near
-- The names of structures most like $name, best first.
select distinct plain_structure(name) as name, acronym
from structures
where contains(lower(name), lower($name))
    or jaro_winkler_similarity(lower(name), lower($name)) > 0.8
    or jaro_winkler_similarity(lower(acronym), lower($name)) > 0.9
order by damerau_levenshtein(plain_structure(name), lower($name)), name
limit 5;

-- name: create_chosen_structures
-- The structures that a question is limited to, with everything below them.
create or replace temp table chosen_structures (structure_id integer not null);

-- name: choose_structures_below
-- The asked structures, and those below them in the tree or, where that is not loaded, in the site's
-- grouping by top level structure.
insert into chosen_structures
select distinct structures.structure_id
from structures
join asked_structures on structures.structure_id = asked_structures.structure_id
    or structures.top_level_structure_id = asked_structures.structure_id
    or contains(structures.structure_id_path, concat('/', asked_structures.structure_id, '/'));

-- name: structure_tree
-- Structures that have samples, in the order of the tree, with how many each donor has there or below:
-- those whose acronym is $search or whose name holds it (null: every one).
with sampled as (
    select structure_id, donor_id, count(*) as samples from samples group by structure_id, donor_id
),
below as (
    select distinct above.structure_id as structure_id, structures.structure_id as below_id
    from structures
    join structures as above
        on above.structure_id = structures.structure_id
        or above.structure_id = structures.top_level_structure_id
        or contains(structures.structure_id_path, concat('/', above.structure_id, '/'))
    where structures.structure_id in (select structure_id from sampled)
),
counts as (
    select below.structure_id, sampled.donor_id, sum(sampled.samples)::integer as samples
    from below
    join sampled on sampled.structure_id = below.below_id
    group by below.structure_id, sampled.donor_id
)
select
    structures.structure_id,
    structures.acronym,
    structures.name,
    coalesce(structures.hemisphere, side_of_name(structures.name)) as hemisphere,
    greatest(0, len(string_split(trim(structures.structure_id_path, '/'), '/')) - 1)::integer as depth,
    counts.donor_id,
    counts.samples
from counts
join structures using (structure_id)
where $search is null
    or lower(structures.acronym) = lower($search)
    or contains(lower(structures.name), lower($search))
    or structures.structure_id = try_cast($search as integer)
order by structures.graph_order nulls last, structures.structure_id, counts.donor_id;

-- name: structure_paths
-- The ancestors of every structure, itself the last, where the tree is loaded.
select structure_id, structure_id_path from structures where structure_id_path is not null;
