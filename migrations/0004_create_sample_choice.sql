-- Names of structures: left and right are told by the tree, or by the end of the name where no tree is
-- loaded.

-- The name of a structure without its side.
create macro plain_structure(name) as
    lower(trim(regexp_replace(name, ',\s*(left|right)\b', '', 'i')));

-- L or R where a name says so; null elsewhere.
create macro side_of_name(name) as
    case lower(regexp_extract(name, ',\s*(left|right)\b', 1, 'i')) when 'left' then 'L' when 'right' then 'R' end;
