-- Structures: names and descendants. The hemisphere of a structure comes from the tree or, if no tree is loaded, from
-- the end of its name.

-- The name of a structure without its hemisphere, in lower case.
create or replace macro plain_structure(name) as
    lower(trim(regexp_replace(name, ',\s*(left|right)\b', '', 'i')));

-- The hemisphere in the name of a structure, L or R; null if the name contains none.
create or replace macro side_of_name(name) as
    case lower(regexp_extract(name, ',\s*(left|right)\b', 1, 'i')) when 'left' then 'L' when 'right' then 'R' end;

-- The structures that a name refers to, and the way of matching: 1 by id, 2 by acronym, 3 by name, 4 by acronym in
-- another case. The first way that matches is used. Left and right structures share an acronym, and a name without
-- hemisphere refers to both.
create or replace macro structures_called(called) as table
    with parameters as (
        select stripped(called) as given_name, as_id(called) as given_id
    ),
    candidates as (
        select
            structure_id,
            acronym,
            name,
            case
                when structure_id = given_id then 1
                when acronym = given_name then 2
                when plain_structure(name) = plain_structure(given_name) then 3
                when lower(name) = lower(given_name) then 3
                when lower(acronym) = lower(given_name) then 4
            end as way,
            lower(name) = lower(given_name) as is_whole_name
        from structures
        cross join parameters
    )
    select structure_id, acronym, name, way
    from candidates
    where way is not null
    qualify way = min(way) over () and (way <> 3 or is_whole_name or not bool_or(is_whole_name) over ())
    order by structure_id;

-- Every structure with itself and each structure below it, in the tree and in the site's grouping by top-level
-- structure, which is used if no tree is loaded.
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

-- The number of samples of each donor in a structure and all structures below it.
create or replace view structure_samples as
select structure_descendants.structure_id, samples.donor_id, count(*)::integer as samples
from structure_descendants
join samples on samples.structure_id = structure_descendants.below_id
group by structure_descendants.structure_id, samples.donor_id;

-- The structures that a name refers to, and all structures below them. NULL gives no rows; correlates passes it if no
-- structure is given.
create or replace macro structures_below(structure) as table
    with matches as materialized (
        from structures_called(structure)
    ),
    summary as (
        select
            count(*) as meanings,
            min(way) as way,
            count(distinct acronym) as acronyms,
            string_agg(distinct acronym, ', ' order by acronym) as acronym_list
        from matches
    ),
    validation as materialized (
        select
            case
                when structure is null then null
                when meanings = 0
                    then error(concat('no structure is named ', structure, ' in this database. List structures with: ',
                        'FROM structure_tree'))
                when way = 4 and acronyms > 1
                    then error(concat(structure, ' can mean ', acronym_list, ', which differ by case. ',
                        'Write the one that you mean.'))
            end as problem
        from summary
    )
    select distinct below.structure_id, below.acronym, below.name
    from matches
    join structure_descendants using (structure_id)
    join structures as below on below.structure_id = structure_descendants.below_id
    where (select problem from validation) is null;

-- The structures that a name refers to, and all structures below them. NULL is an error.
create or replace macro descendants(structure) as table
    from structures_below(coalesce(structure::varchar, ''));

-- The top-level structure of each structure: one of the 27 that the heatmaps of the site group samples by. A heatmap
-- download states it. In the tree it is the nearest of the 27 at or above the structure, null where there is none.
create or replace view top_level_structures as
with site_structures as (
    select unnest([
        4005, 4009, 4084, 4132, 4180, 4220, 4242, 4249, 4268, 4277, 4293, 4300, 4321, 4327, 4393, 4504,
         4517, 4520, 4540, 4697, 4780, 9001, 9132, 9135, 9218, 9352, 9512
    ]) as structure_id
),
steps as (
    select
        structure_id,
        top_level_structure_id,
        unnest(list_concat(
            list_transform(
                string_split(trim(coalesce(structure_id_path, ''), '/'), '/'), lambda step: try_cast(step as integer)),
            [structure_id]
        )) as step_id,
        generate_subscripts(list_concat(string_split(trim(coalesce(structure_id_path, ''), '/'), '/'), ['']), 1) as depth
    from structures
),
nearest as (
    select
        steps.structure_id,
        coalesce(
            any_value(steps.top_level_structure_id),
            arg_max(site_structures.structure_id, steps.depth) filter (site_structures.structure_id is not null)
        ) as top_level_structure_id
    from steps
    left join site_structures on site_structures.structure_id = steps.step_id
    group by steps.structure_id
)
select nearest.structure_id, nearest.top_level_structure_id, structures.acronym, structures.name
from nearest
left join structures on structures.structure_id = nearest.top_level_structure_id;
