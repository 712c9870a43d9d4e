-- Names of structures: left and right are told by the tree, or by the end of the name where no tree is
-- loaded.

-- The name of a structure without its side.
create macro plain_structure(name) as
    lower(trim(regexp_replace(name, ',\s*(left|right)\b', '', 'i')));

-- L or R where a name says so; null elsewhere.
create macro side_of_name(name) as
    case lower(regexp_extract(name, ',\s*(left|right)\b', 1, 'i')) when 'left' then 'L' when 'right' then 'R' end;

-- The structures that an acronym, a name or an id means, and everything below them: left and right where
-- the name does not say.
create macro descendants(called) as table
    select distinct below.structure_id, below.acronym, below.name
    from structures as above
    join structures as below
        on below.structure_id = above.structure_id
        or below.top_level_structure_id = above.structure_id
        or contains(below.structure_id_path, concat('/', above.structure_id, '/'))
    where above.acronym = called
        or above.structure_id = try_cast(called as integer)
        or lower(above.name) = lower(called)
        or plain_structure(above.name) = lower(called);
