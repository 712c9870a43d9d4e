-- Names of probes and genes: the only definition of what a name refers to, for the command line, Python and SQL.
--
-- Three rules for all macros of this folder:
-- 1. Column capture. DuckDB resolves a name in the body of a macro to a column of the body first, so an argument that
--    is a column of the caller's query could be captured. Either read all parameters in a CTE `parameters` without
--    FROM, or mention each in the LIMIT of a CTE `constants`: DuckDB then refuses a column as argument. Put nothing
--    else into `constants`, which is evaluated again at each reference.
-- 2. NULL. An argument may be NULL, and a condition that is NULL removes all rows before error() is evaluated.
--    Therefore arguments are coalesced.
-- 3. DuckDB versions. Databases must be readable by DuckDB 1.4.2 and later. Therefore if() is not used, which version 2
--    stores under a name that version 1.4 lacks, and no scalar macro with a subquery is called in another macro, which
--    version 1.4 cannot copy.

-- A name in plain form: zero-width characters are removed, no-break spaces and tabs become spaces, other dashes become
-- hyphens, and leading and trailing white space is removed. NULL becomes the empty string.
create or replace macro stripped(name) as
    trim(
        regexp_replace(
            translate(coalesce(name::varchar, ''),
                concat(chr(8208), chr(8209), chr(8210), chr(8211), chr(8212), chr(8722), chr(160), chr(8239), chr(9)),
                '------   '),
            '[\x{200B}-\x{200F}\x{2060}\x{FEFF}\x{00AD}]', '', 'g'),
        concat(' ', chr(10), chr(13)));

-- A name that is an integer, as an integer. 4915.0 is accepted, because some programs write integers as floating-point
-- numbers.
create or replace macro as_id(name) as
    try_cast(regexp_extract(stripped(name), '^([0-9]{1,9})(\.0*)?$', 1) as integer);

-- The letters and digits of a name, in upper case, for comparisons that ignore punctuation.
create or replace macro alphanumeric(name) as regexp_replace(upper(name::varchar), '[^A-Z0-9]', '', 'g');

-- The genes of the atlas by Entrez id: by the id in the atlas and, if that was retired, by the id that replaced it. A row
-- with a replacing id has is_retired = true: the gene's id in the atlas is retired.
create or replace view genes_by_entrez_id as
select entrez_id, gene_id, named_by, false as is_retired from all_genes where entrez_id is not null
union all
select current_entrez_id, gene_id, named_by, true from all_genes where current_entrez_id <> entrez_id;

-- Every name of a probe or a gene, in upper case and as written. If a name has several meanings, the one with the
-- lowest rank is used: probe name; probe id or Entrez id; symbol in the atlas; current symbol; alias. A spelling in
-- another case adds 1 to the rank. gene_id is null for a human gene that is not in this database.
create or replace view known_names as
select
    stored_names.name,
    stored_names.written,
    stored_names.matched_by,
    stored_names.rank,
    stored_names.probe_id,
    coalesce(stored_names.gene_id, genes_by_entrez_id.gene_id) as gene_id,
    stored_names.entrez_id,
    coalesce(genes_by_entrez_id.is_retired, stored_names.is_retired) as is_retired,
    coalesce(genes_by_entrez_id.named_by, stored_names.named_by) as named_by
from stored_names
left join genes_by_entrez_id
    -- An equality only: with a further condition, DuckDB 1.5 compares every name with every gene.
    on genes_by_entrez_id.entrez_id
        = case when stored_names.matched_by in ('current symbol', 'alias') then stored_names.entrez_id end;

-- The probes and genes that a name refers to, according to an annotation: one row for each. An ambiguous name has
-- several rows, and a name that is not recognised has none. All names are resolved by this macro. If two genes of the
-- atlas have the same Entrez id, the one whose id was not retired is used.
create or replace macro meanings_of(name, annotation) as table
    with parameters as (
        select name::varchar as given_name, annotation::varchar as given_annotation
    ),
    keys as (
        select distinct unnest([upper(stripped(given_name)), as_id(given_name)::varchar]) as key from parameters
    ),
    candidates as (
        select
            known_names.*,
            known_names.rank
                + case when written = stripped(given_name) or as_id(given_name) is not null then 0 else 1 end
                as full_rank
        from known_names
        join keys on keys.key = known_names.name
        cross join parameters
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
        cross join parameters
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

-- The only probe or gene that a seed refers to.
create or replace macro seed_called(seed) as table
    with parameters as (
        select seed::varchar as given_seed
    ),
    summary as (
        select
            count(*) as meanings,
            string_agg(
                case
                    when level = 'probe' then concat('probe ', probe_name)
                    else concat('gene ', coalesce(gene_symbol, current_symbol), ' (Entrez ', entrez_id, ')')
                end, ', ' order by level, gene_id, probe_id) as descriptions,
            any_value(level) as level,
            any_value(probe_id) as probe_id,
            any_value(gene_id) as gene_id,
            any_value(gene_symbol) as gene_symbol
        from meanings_of(seed, 'allen')
    )
    select level, probe_id, gene_id, gene_symbol
    from summary
    cross join parameters
    where
        case
            when meanings = 0
                then error(concat('no probe or gene is named ', given_seed, ' in this database. Search with: ',
                    'FROM find_gene(''', replace(given_seed, '''', ''''''), ''')'))
            when meanings > 1
                then error(concat(given_seed, ' is ambiguous: ', descriptions, '. Use an Entrez id or a probe name.'))
            when level = 'gene' and gene_id is null
                then error(concat(given_seed, ' is a human gene, but this database has no probe of it. ',
                    'Load a download that contains it.'))
            else true
        end;

-- The only probe or gene that a seed refers to, and its probe: for a gene, its representative probe.
create or replace macro find_seed(seed) as table
    with seed_probe as (
        select
            meaning.level,
            case
                when coalesce(probe_means.probe_id, representative_probes.probe_id) is null
                then error(concat('no probe of ', coalesce(meaning.gene_symbol, meaning.probe_id::varchar),
                    ' has expression data in this database.'))
                else coalesce(meaning.probe_id, representative_probes.probe_id)
            end as probe_id,
            meaning.gene_id,
            meaning.gene_symbol
        from seed_called(seed) as meaning
        left join probe_means on probe_means.probe_id = meaning.probe_id
        left join representative_probes
            on representative_probes.gene_id = meaning.gene_id and meaning.probe_id is null
    )
    select seed_probe.level, seed_probe.probe_id, probes.probe_name, seed_probe.gene_id, seed_probe.gene_symbol
    from seed_probe
    left join probes on probes.probe_id = seed_probe.probe_id;

-- The genes that a text may refer to, best matches first. These are the genes with that name or, if there are none,
-- those with a name of the same letters and digits, a symbol that begins with the text, or a full name that contains
-- all of its words or, if there are none, those with a similar symbol.
create or replace macro find_gene(text) as table
    with constants as (
        select 1 limit case when text is null then 1 else 1 end
    ),
    named as materialized (
        select gene_id, matched_by, written as matched_name, 1 as way
        from meanings_of(text, 'allen')
        where gene_id is not null
    ),
    with_same_letters as (
        select gene_id, 'other punctuation' as matched_by, written as matched_name, 2 as way
        from known_names
        where not exists (from named)
            and gene_id is not null
            and named_by = 'allen'
            and alphanumeric(text) <> ''
            and alphanumeric(written) = alphanumeric(text)
    ),
    with_prefix as (
        select gene_id, 'beginning of the symbol', gene_symbol, 3
        from genes
        where not exists (from named) and starts_with(upper(gene_symbol), upper(stripped(text)))
    ),
    with_words as (
        select gene_id, 'words of the full name', gene_name, 4
        from genes
        where not exists (from named)
            and alphanumeric(text) <> ''
            and len(list_filter(
                string_split_regex(lower(stripped(text)), '[^a-z0-9]+'),
                lambda word: not coalesce(contains(lower(gene_name), word), false))) = 0
    ),
    with_similar_symbol as (
        select gene_id, 'similar symbol', gene_symbol, 5
        from genes
        where not exists (from named) and jaro_winkler_similarity(upper(gene_symbol), upper(stripped(text))) > 0.85
    ),
    matches as (
        select distinct on (gene_id) *
        from (
            from named union all from with_same_letters union all from with_prefix union all from with_words union all
            from with_similar_symbol
        )
        order by way, matched_by
    )
    select
        gene_summary.gene_symbol,
        gene_summary.gene_name,
        gene_summary.entrez_id,
        gene_summary.gene_id,
        matches.matched_by,
        matches.matched_name,
        gene_summary.probes_with_expression,
        gene_summary.representative_probe
    from matches
    join gene_summary using (gene_id)
    where exists (from constants)
        and case when stripped(text) <> '' then true else error('find_gene needs a text to search for.') end
    qualify matches.way <= 4 or min(matches.way) over () = 5
    order by matches.way, gene_summary.gene_symbol;
