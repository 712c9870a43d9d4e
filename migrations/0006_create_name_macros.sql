-- Macros for the bare shell that say what a name means: a seed, a category, a structure, a gene. What is not known
-- is an error, never an empty table: error() speaks when the row that holds it is used.
--
-- A parameter that is a column of the caller could meet a column of ours of the same name. So it is taken where there
-- is no table (given), or stands in a limit too, which refuses columns. That limit stands by itself (constants): what
-- is below a limit is not kept but computed each time it is named.
--
-- A database is opened by every DuckDB from 1.4.2 on. So there is no if() here, which 2.0 stores under a name that
-- older ones do not know, and no scalar macro with a subquery is called by another, which 1.4 cannot copy.

-- How many values of every probe are known, and their mean over all donors.
create view probe_means as
select
    probe_id,
    sum(n)::integer as n,
    fsum(n * mean_log2) / sum(n) as mean_log2
from expression
group by probe_id;

-- What is known of every probe over all its values, all donors pooled. Variance combines those of the donors
-- (Chan, Golub and LeVeque 1979); present_fraction is the share of samples called present.
create or replace view probe_statistics as
with calls as (
    select probe_id, sum(n_present) / nullif(sum(n), 0) as present_fraction
    from present_calls
    group by probe_id
),
spread as (
    select
        probe_means.probe_id,
        probe_means.n,
        probe_means.mean_log2,
        fsum(expression.squared_deviations + expression.n * (expression.mean_log2 - probe_means.mean_log2) ** 2)
            / nullif(probe_means.n - 1, 0) as variance_log2
    from probe_means
    join expression using (probe_id)
    group by probe_means.probe_id, probe_means.n, probe_means.mean_log2
)
select spread.*, calls.present_fraction, probe_stability.diff_stability
from spread
left join calls using (probe_id)
left join probe_stability using (probe_id);

-- The probe that stands for each gene: of those known in the most samples, so that means over different
-- samples are not compared, the one with the highest mean log2 intensity; among equals the one with the
-- smallest probe_id.
create or replace view representative_probes as
select
    probes.gene_id,
    arg_max(probes.probe_id, (probe_means.n, probe_means.mean_log2, -probes.probe_id)) as probe_id,
    count(*)::integer as candidates
from probes
join probe_means using (probe_id)
where probes.gene_id is not null
group by probes.gene_id;

-- A name as it is meant: without what stands around it. Null is an empty one, which nothing is called: a condition
-- on null would be found to hold for no row before any is read, and no error raised.
create macro stripped(name) as trim(coalesce(name::varchar, ''), concat(' ', chr(9), chr(10), chr(13)));

-- A name that is a whole number, as that number.
create macro as_id(name) as
    try_cast(regexp_extract(name::varchar, '^\s*([0-9]{1,9})\s*$', 1) as integer);

-- The last word of a name, and what stands behind its first colon.
create macro last_word(name) as regexp_extract(lower(stripped(name)), '[^ _]*$');
create macro after_colon(name) as substring(name::varchar, strpos(name::varchar, ':') + 1);

-- The structures that a name means: an id; an acronym, in the very case before any other; or a name. Left
-- and right share an acronym, and a name without its side means both.
create macro structures_called(called) as table
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

-- The structures that a name means, and everything below them in the tree or, where that is not loaded, in the
-- site's grouping by top level structure; none for null, which is how correlates asks for every structure.
create macro structures_below(structure) as table
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
    from called as above
    join structures as below
        on below.structure_id = above.structure_id
        or below.top_level_structure_id = above.structure_id
        or contains(below.structure_id_path, concat('/', above.structure_id, '/'))
    where (select problem from problems) is null;

-- The same for the user, who is to name one.
create or replace macro descendants(structure) as table
    from structures_below(coalesce(structure::varchar, ''));

-- The categories that a name means: an accession, or a name whatever its case, underscores and prefix; of every
-- source or, where that means none, of the one that stands before a colon. Names that do not hold the last word
-- asked for are passed over first, which saves most of the time.
create macro categories_called(called) as table
    with constants as (
        select 1 limit case when called is null then 1 else 1 end
    ),
    candidates as (
        select
            category_id,
            source,
            release,
            accession,
            name,
            case
                when upper(accession) = upper(stripped(called)) then 1
                when contains(lower(name), last_word(called)) and plain_name(name) = plain_name(stripped(called)) then 1
                when lower(source) = lower(stripped(split_part(called::varchar, ':', 1)))
                    and (
                        upper(accession) = upper(stripped(after_colon(called)))
                        or plain_name(name) = plain_name(after_colon(called))
                    ) then 2
            end as way,
            upper(accession) = upper(stripped(called)) as is_accession
        from categories
    )
    select category_id, source, release, accession, name
    from candidates
    where way is not null and exists (from constants)
    qualify way = min(way) over ()
    order by is_accession desc, source, accession;

-- The one category that a name means; none for null, which is how correlates asks for every gene.
create macro category_named(category) as table
    with called as materialized (
        from categories_called(category)
    ),
    counted as (
        select count(*) as meanings, string_agg(concat(source, ':', name), ', ') as told from called
    ),
    problems as materialized (
        select
            case
                when category is null then null
                when meanings = 0
                    then error(concat(category, ' is no category of this database. FROM category_coverage lists them.'))
                when meanings > 1
                    then error(concat(category, ' is a category of several sources. Say which: ', told, '.'))
            end as problem
        from counted
    )
    from called where (select problem from problems) is null;

-- The genes of a category: loaded, only known to be on the chip, or not found in this database.
create macro members(category) as table
    with current_symbols as (
        select entrez_id, min(alias) as symbol from gene_aliases where is_current group by entrez_id
    ),
    atlas_genes as (
        select
            genes.entrez_id,
            min(genes.gene_symbol) as gene_symbol,
            bool_or(representative_probes.gene_id is not null) as is_loaded
        from genes
        left join representative_probes using (gene_id)
        where genes.entrez_id is not null
        group by genes.entrez_id
    )
    select
        coalesce(atlas_genes.gene_symbol, current_symbols.symbol) as gene_symbol,
        category_genes.entrez_id,
        current_symbols.symbol as current_symbol,
        category_genes.direct,
        case
            when atlas_genes.is_loaded then 'loaded'
            when atlas_genes.entrez_id is not null then 'on the chip'
            else 'not found'
        end as status
    from category_named(coalesce(category::varchar, ''))
    join category_genes using (category_id)
    left join current_symbols using (entrez_id)
    left join atlas_genes using (entrez_id)
    order by gene_symbol, category_genes.entrez_id;

-- Every name that a seed may be called by, in upper case and as it is written: of a probe its name or id; of a gene
-- its symbol or Entrez id, its current symbol, an alias. The smaller the way, the earlier a meaning counts.
create view seed_names as
select upper(probe_name) as name, probe_name as written, 'probe' as level, 0 as way, probe_id, gene_id
from probes
union all
select probe_id::varchar, probe_id::varchar, 'probe', 1, probe_id, gene_id from probes
union all
select entrez_id::varchar, entrez_id::varchar, 'gene', 1, null, gene_id from genes where entrez_id is not null
union all
select upper(gene_symbol), gene_symbol, 'gene', 1, null, gene_id from genes
union all
select upper(alias), alias, 'gene', case when is_current then 3 else 4 end, null, genes.gene_id
from gene_aliases
left join genes using (entrez_id);

-- The one probe or gene that a name means. A symbol in the very case that was asked for comes before one in another.
create macro seed_called(seed) as table
    with given as (
        select seed::varchar as given_seed
    ),
    given_names as (
        select distinct unnest([upper(stripped(given_seed)), as_id(given_seed)::varchar]) as given_name from given
    ),
    in_every_way as (
        select
            seed_names.*,
            case
                when way = 1 and written <> stripped(given_seed) and as_id(given_seed) is null then 2
                else way
            end as full_way
        from seed_names
        join given_names on given_names.given_name = seed_names.name
        cross join given
    ),
    meant as (
        select distinct level, probe_id, gene_id from in_every_way qualify full_way = min(full_way) over ()
    ),
    described as (
        select
            meant.level,
            meant.probe_id,
            meant.gene_id,
            genes.gene_symbol,
            meant.level = 'probe' or meant.gene_id is not null as is_here
        from meant
        left join genes on genes.gene_id = meant.gene_id
    ),
    counted as (
        select
            count(*) as meanings,
            count(*) filter (is_here) as here,
            string_agg(concat_ws(' ', level, gene_symbol, coalesce(probe_id, gene_id)), ', ') filter (is_here) as told,
            any_value(level) as level,
            any_value(probe_id) as probe_id,
            any_value(gene_id) as gene_id,
            any_value(gene_symbol) as gene_symbol
        from described
    )
    select level, probe_id, gene_id, gene_symbol
    from counted
    cross join given
    where
        case
            when meanings = 0
                then error(concat(given_seed, ' is no probe, gene symbol or Entrez id of this database. ',
                    'FROM find_gene(''', replace(given_seed, '''', ''''''), ''') looks for names like it.'))
            when here = 0
                then error(concat(given_seed, ' is a human gene, but no probe of it is in this database. ',
                    'Load a download that holds it.'))
            when here > 1
                then error(concat(given_seed, ' means several: ', told, '. Use the name of a probe.'))
            else true
        end;

-- The same with the probe whose profile it has: of a gene its representative probe.
create macro find_seed(seed) as table
    with with_probe as (
        select
            called.level,
            case
                when coalesce(probe_means.probe_id, representative_probes.probe_id) is null
                then error(concat('no probe of ', coalesce(called.gene_symbol, called.probe_id::varchar),
                    ' has expression in this database.'))
                else coalesce(called.probe_id, representative_probes.probe_id)
            end as probe_id,
            called.gene_id,
            called.gene_symbol
        from seed_called(seed) as called
        left join probe_means on probe_means.probe_id = called.probe_id
        left join representative_probes
            on representative_probes.gene_id = called.gene_id and called.probe_id is null
    )
    select with_probe.level, with_probe.probe_id, probes.probe_name, with_probe.gene_id, with_probe.gene_symbol
    from with_probe
    left join probes on probes.probe_id = with_probe.probe_id;

-- The genes that a text may mean: by symbol, Entrez id, current symbol or alias; else those whose symbol begins with
-- it; else those whose symbol is like it.
create macro find_gene(text) as table
    with constants as (
        select 1 limit case when text is null then 1 else 1 end
    ),
    named as (
        select
            gene_id,
            written as name,
            case
                when way = 4 then 'alias'
                when way = 3 then 'symbol'
                when regexp_full_match(written, '[0-9]+') then 'Entrez id'
                else 'symbol of the atlas'
            end as matched_by,
            case when way = 4 then 2 else 1 end as way
        from seed_names
        where gene_id is not null and level = 'gene' and name = upper(stripped(text))
    ),
    alike as (
        select
            gene_id,
            gene_symbol as name,
            case when starts_with(upper(gene_symbol), upper(stripped(text))) then 'beginning' else 'likeness' end
                as matched_by,
            case when starts_with(upper(gene_symbol), upper(stripped(text))) then 3 else 4 end as way
        from genes
        where not exists (from named)
            and (
                starts_with(upper(gene_symbol), upper(stripped(text)))
                or jaro_winkler_similarity(upper(gene_symbol), upper(stripped(text))) > 0.85
            )
    ),
    found as (
        select distinct on (gene_id) * from (from named union all from alike) order by way, matched_by
    )
    select
        gene_summary.gene_symbol,
        gene_summary.gene_name,
        gene_summary.entrez_id,
        gene_summary.gene_id,
        found.matched_by,
        found.name as matched_name,
        gene_summary.probes_with_expression,
        gene_summary.representative_probe
    from found
    join gene_summary using (gene_id)
    where exists (from constants)
        and case when stripped(text) <> '' then true else error('find_gene looks for a text, and there is none.') end
    qualify found.way <= 3 or min(found.way) over () = 4
    order by found.way, gene_summary.gene_symbol;
