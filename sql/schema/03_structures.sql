-- Names of structures: left and right are told by the tree, or by the end of the name where no tree is
-- loaded.

-- The name of a structure without its side.
create or replace macro plain_structure(name) as
    lower(trim(regexp_replace(name, ',\s*(left|right)\b', '', 'i')));

-- L or R where a name says so; null elsewhere.
create or replace macro side_of_name(name) as
    case lower(regexp_extract(name, ',\s*(left|right)\b', 1, 'i')) when 'left' then 'L' when 'right' then 'R' end;

-- The structures that a name means: an id; an acronym, in the very case before any other; or a name. Left
-- and right share an acronym, and a name without its side means both.
create or replace macro structures_called(called) as table
    with constants as (
        select 1 limit case when called is null then 1 else 1 end
    ),
    candidates as (
        select
            structure_id,
            acronym,
            name,
            case
                when structure_id = as_id(called) then 1
                when acronym = stripped(called) then 2
                when plain_structure(name) = plain_structure(stripped(called)) then 3
                when lower(name) = lower(stripped(called)) then 3
                when lower(acronym) = lower(stripped(called)) then 4
            end as way,
            lower(name) = lower(stripped(called)) as is_whole_name
        from structures
    )
    select structure_id, acronym, name, way
    from candidates
    where way is not null and exists (from constants)
    qualify way = min(way) over () and (way <> 3 or is_whole_name or not bool_or(is_whole_name) over ())
    order by structure_id;

-- Every structure with each structure below it, and with itself. Where the tree is not loaded, the site's grouping by
-- top-level structure takes its place.
create or replace view structure_descendants as
with ancestors as (
    select
        structure_id as below_id,
        unnest(list_concat(
            [structure_id, top_level_structure_id],
            list_transform(
                string_split(trim(coalesce(structure_id_path, ''), '/'), '/'), lambda step: try_cast(step as integer))
        )) as structure_id
    from structures
)
select distinct structure_id, below_id from ancestors where structure_id is not null;

-- The samples of each donor in a structure and everything below it.
create or replace view structure_samples as
select structure_descendants.structure_id, samples.donor_id, count(*)::integer as samples
from structure_descendants
join samples on samples.structure_id = structure_descendants.below_id
group by structure_descendants.structure_id, samples.donor_id;

-- The structures that a name means, and everything below them in the tree or, where that is not loaded, in the
-- site's grouping by top level structure; none for null, which is how correlates asks for every structure.
create or replace macro structures_below(structure) as table
    with called as materialized (
        from structures_called(structure)
    ),
    counted as (
        select
            count(*) as meanings,
            min(way) as way,
            count(distinct acronym) as acronyms,
            string_agg(distinct acronym, ', ' order by acronym) as told
        from called
    ),
    problems as materialized (
        select
            case
                when structure is null then null
                when meanings = 0
                    then error(concat(structure, ' is no structure of this database. FROM structure_tree lists them.'))
                when way = 4 and acronyms > 1
                    then error(concat(structure, ' may mean ', told, ': these differ by case. Write the one you mean.'))
            end as problem
        from counted
    )
    select distinct below.structure_id, below.acronym, below.name
    from called
    join structure_descendants using (structure_id)
    join structures as below on below.structure_id = structure_descendants.below_id
    where (select problem from problems) is null;

-- The same for the user, who is to name one.
create or replace macro descendants(structure) as table
    from structures_below(coalesce(structure::varchar, ''));
