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
