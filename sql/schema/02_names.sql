-- Names of probes and genes: the one definition of what a name means, for the command line, Python and SQL.
--
-- Three rules for macros, here and in the other files:
-- - A parameter may be a column of the caller's query. It is read where no table is in scope (given), or stands in a
--   LIMIT as well (constants), which DuckDB refuses for columns; otherwise it could capture a column of ours.
-- - A parameter may be NULL, and a condition on NULL removes every row before error() is evaluated. Hence coalesce.
-- - Databases are opened by every DuckDB from 1.4.2 on: no if(), which 2.0 stores under a name that 1.4 lacks, and no
--   scalar macro with a subquery inside another one, which 1.4 cannot copy.

-- A name without surrounding white space, with the characters that web pages and word processors put into it
-- replaced: no-break spaces, dashes of other widths, zero-width characters. NULL becomes the empty name.
create or replace macro stripped(name) as
    trim(
        regexp_replace(
            translate(coalesce(name::varchar, ''),
                concat(chr(8208), chr(8209), chr(8210), chr(8211), chr(8212), chr(8722), chr(160), chr(8239), chr(9)),
                '------   '),
            '[\x{200B}-\x{200F}\x{2060}\x{FEFF}\x{00AD}]', '', 'g'),
        concat(' ', chr(10), chr(13)));

-- A name that is a whole number, as that number. Programs that know only floating-point columns write 4915 as 4915.0.
create or replace macro as_id(name) as
    try_cast(regexp_extract(stripped(name), '^([0-9]{1,9})(\.0*)?$', 1) as integer);

-- The letters and digits of a name, in upper case: what is left of it when punctuation is ignored.
create or replace macro alphanumeric(name) as regexp_replace(upper(name::varchar), '[^A-Z0-9]', '', 'g');

-- The genes of the atlas by Entrez id: by the id that the atlas gives, and by the id that replaced a retired one.
create or replace view genes_by_entrez_id as
select entrez_id, gene_id, named_by, false as is_retired from all_genes where entrez_id is not null
union all
select current_entrez_id, gene_id, named_by, true from all_genes where current_entrez_id <> entrez_id;

-- Every name of a probe or a gene, in upper case and as written. The meaning with the lowest rank counts: probe name;
-- probe id or Entrez id; symbol in the atlas; current symbol; alias. A spelling in another case adds 1 to the rank. A
-- human gene that is not in this database has no gene_id.
create or replace view known_names as
select
    upper(probe_name) as name,
    probe_name as written,
    'probe name' as matched_by,
    0 as rank,
    probe_id,
    null::integer as gene_id,
    null::integer as entrez_id,
    false as is_retired,
    'allen' as named_by
from probes
union all
select probe_id::varchar, probe_id::varchar, 'probe id', 2, probe_id, null, null, false, 'allen' from probes
union all
select entrez_id::varchar, entrez_id::varchar, 'Entrez id', 2, null, gene_id, entrez_id, is_retired, named_by
from genes_by_entrez_id
union all
select entrez_id::varchar, entrez_id::varchar, 'Entrez id', 4, null, null, entrez_id, false, 'allen'
from gene_aliases
where is_current
union all
select upper(gene_symbol), gene_symbol, 'atlas symbol', 6, null, gene_id, entrez_id, false, named_by from all_genes
union all
select
    upper(gene_aliases.alias),
    gene_aliases.alias,
    case when gene_aliases.is_current then 'current symbol' else 'alias' end,
    case when gene_aliases.is_current then 8 else 10 end,
    null,
    genes_by_entrez_id.gene_id,
    gene_aliases.entrez_id,
    coalesce(genes_by_entrez_id.is_retired, false),
    coalesce(genes_by_entrez_id.named_by, 'allen')
from gene_aliases
left join genes_by_entrez_id using (entrez_id);

-- What a name means by an annotation: one row per probe or gene. Several rows: the name is ambiguous. No row: it is
-- unknown. Everything that resolves names asks this macro. Of two genes of the atlas with one Entrez id, the one whose
-- id was not retired counts.
create or replace macro meanings_of(name, annotation) as table
    with given as (
        select name::varchar as given_name, annotation::varchar as given_annotation
    ),
    keys as (
        select distinct unnest([upper(stripped(given_name)), as_id(given_name)::varchar]) as key from given
    ),
    candidates as (
        select
            known_names.*,
            known_names.rank
                + case when written = stripped(given_name) or as_id(given_name) is not null then 0 else 1 end as full_rank
        from known_names
        join keys on keys.key = known_names.name
        cross join given
        where known_names.named_by = 'allen' or known_names.named_by = given_annotation
    ),
    best_candidates as (
        select * from candidates qualify full_rank = min(full_rank) over ()
    ),
    meanings as (
        select probe_id, gene_id, entrez_id, matched_by, written
        from best_candidates
        qualify is_retired = bool_and(is_retired) over (partition by coalesce(entrez_id, -gene_id, probe_id))
    ),
    with_genes as (
        select
            meanings.probe_id,
            coalesce(meanings.gene_id, probe_genes.gene_id) as gene_id,
            meanings.entrez_id,
            meanings.matched_by,
            meanings.written
        from meanings
        cross join given
        left join probe_genes
            on probe_genes.probe_id = meanings.probe_id and probe_genes.annotation = given_annotation
    )
    select
        case when with_genes.probe_id is not null then 'probe' else 'gene' end as level,
        with_genes.probe_id,
        any_value(probes.probe_name) as probe_name,
        with_genes.gene_id,
        any_value(all_genes.gene_symbol) as gene_symbol,
        any_value(all_genes.gene_name) as gene_name,
        coalesce(all_genes.current_entrez_id, with_genes.entrez_id) as entrez_id,
        any_value(current_names.alias) as current_symbol,
        min(with_genes.matched_by) as matched_by,
        min(with_genes.written) as written
    from with_genes
    left join probes on probes.probe_id = with_genes.probe_id
    left join all_genes on all_genes.gene_id = with_genes.gene_id
    left join gene_aliases as current_names
        on current_names.entrez_id = coalesce(all_genes.current_entrez_id, with_genes.entrez_id)
        and current_names.is_current
    group by with_genes.probe_id, with_genes.gene_id, coalesce(all_genes.current_entrez_id, with_genes.entrez_id);

-- The one probe or gene that a seed means.
create or replace macro seed_called(seed) as table
    with given as (
        select seed::varchar as given_seed
    ),
    counted as (
        select
            count(*) as meanings,
            string_agg(
                case
                    when level = 'probe' then concat('probe ', probe_name)
                    else concat('gene ', coalesce(gene_symbol, current_symbol), ' (Entrez ', entrez_id, ')')
                end, ', ' order by level, gene_id, probe_id) as described,
            any_value(level) as level,
            any_value(probe_id) as probe_id,
            any_value(gene_id) as gene_id,
            any_value(gene_symbol) as gene_symbol
        from meanings_of(seed, 'allen')
    )
    select level, probe_id, gene_id, gene_symbol
    from counted
    cross join given
    where
        case
            when meanings = 0
                then error(concat('no probe or gene is named ', given_seed, ' in this database. Search with: ',
                    'FROM find_gene(''', replace(given_seed, '''', ''''''), ''')'))
            when meanings > 1
                then error(concat(given_seed, ' is ambiguous: ', described, '. Use an Entrez id or a probe name.'))
            when level = 'gene' and gene_id is null
                then error(concat(given_seed, ' is a human gene, but this database has no probe of it. ',
                    'Load a download that holds it.'))
            else true
        end;

-- The same with the probe that represents it: of a gene its representative probe.
create or replace macro find_seed(seed) as table
    with with_probe as (
        select
            called.level,
            case
                when coalesce(probe_means.probe_id, representative_probes.probe_id) is null
                then error(concat('no probe of ', coalesce(called.gene_symbol, called.probe_id::varchar),
                    ' has expression data in this database.'))
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

-- The genes that a text may refer to, best first: those it names; else those with a name of the same letters and
-- digits, those whose symbol begins with it, and those whose full name has all of its words; else those with a
-- similar symbol.
create or replace macro find_gene(text) as table
    with constants as (
        select 1 limit case when text is null then 1 else 1 end
    ),
    named as materialized (
        select gene_id, matched_by, written as matched_name, 1 as way
        from meanings_of(text, 'allen')
        where gene_id is not null
    ),
    respelled as (
        select gene_id, 'other punctuation' as matched_by, written as matched_name, 2 as way
        from known_names
        where not exists (from named)
            and gene_id is not null
            and named_by = 'allen'
            and alphanumeric(text) <> ''
            and alphanumeric(written) = alphanumeric(text)
    ),
    beginning as (
        select gene_id, 'beginning of the symbol', gene_symbol, 3
        from genes
        where not exists (from named) and starts_with(upper(gene_symbol), upper(stripped(text)))
    ),
    described as (
        select gene_id, 'words of the full name', gene_name, 4
        from genes
        where not exists (from named)
            and alphanumeric(text) <> ''
            and len(list_filter(
                string_split_regex(lower(stripped(text)), '[^a-z0-9]+'),
                lambda word: not coalesce(contains(lower(gene_name), word), false))) = 0
    ),
    similarly_spelled as (
        select gene_id, 'similar symbol', gene_symbol, 5
        from genes
        where not exists (from named) and jaro_winkler_similarity(upper(gene_symbol), upper(stripped(text))) > 0.85
    ),
    found as (
        select distinct on (gene_id) *
        from (
            from named union all from respelled union all from beginning union all from described union all
            from similarly_spelled
        )
        order by way, matched_by
    )
    select
        gene_summary.gene_symbol,
        gene_summary.gene_name,
        gene_summary.entrez_id,
        gene_summary.gene_id,
        found.matched_by,
        found.matched_name,
        gene_summary.probes_with_expression,
        gene_summary.representative_probe
    from found
    join gene_summary using (gene_id)
    where exists (from constants)
        and case when stripped(text) <> '' then true else error('find_gene needs a text to search for.') end
    qualify found.way <= 4 or min(found.way) over () = 5
    order by found.way, gene_summary.gene_symbol;
