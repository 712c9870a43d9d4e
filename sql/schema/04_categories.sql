-- Categories: names and members.

-- A name of a category in lower case, without underscores and the prefix of MSigDB, in which sources differ.
create or replace macro plain_name(name) as
    regexp_replace(trim(replace(lower(name), '_', ' ')), '^(gobp|gomf|gocc) ', '');

-- Whether a member of a category has an evidence code other than the given ones. A member without codes counts.
create or replace macro has_evidence_besides(evidence, codes) as
    evidence is null or len(codes) = 0 or not list_has_all(codes, evidence);

-- The last word of a name in lower case, and the part of a name after its first colon.
create or replace macro last_word(name) as regexp_extract(lower(stripped(name)), '[^ _]*$');
create or replace macro after_colon(name) as substring(name::varchar, strpos(name::varchar, ':') + 1);

-- The categories that a name refers to. The first of these ways that matches any category is used: id:NUMBER; an
-- accession; the name in the same spelling; the name in another case, with underscores or with the prefix of MSigDB;
-- source:accession; source:name in the same spelling; source:name in another spelling. Categories that ship with coexpr
-- take precedence over added ones. Names that do not contain the last word are excluded first, which saves most of the
-- time.
create or replace macro categories_called(called) as table
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
            is_shipped,
            case
                when lower(stripped(called)) = concat('id:', category_id) then 1
                when upper(accession) = upper(stripped(called)) then 2
                when name = stripped(called) then 3
                when contains(lower(name), last_word(called)) and plain_name(name) = plain_name(stripped(called)) then 4
                when lower(source) = lower(stripped(split_part(called::varchar, ':', 1)))
                then case
                    when upper(accession) = upper(stripped(after_colon(called))) then 5
                    when name = stripped(after_colon(called)) then 6
                    when plain_name(name) = plain_name(stripped(after_colon(called))) then 7
                end
            end as way
        from categories
    ),
    best_candidates as (
        select * from candidates where way is not null qualify way = min(way) over ()
    )
    select category_id, source, release, accession, name, is_shipped
    from best_candidates
    where exists (from constants)
    qualify is_shipped = bool_or(is_shipped) over ()
    order by source, name, category_id;

-- The only category that a name refers to. NULL gives no row; correlates passes it if no category is given.
create or replace macro category_named(category) as table
    with matches as materialized (
        from categories_called(category)
    ),
    summary as (
        select
            count(*) as meanings,
            string_agg(concat('id:', category_id, ' (', source, ':', name, ')'), ', ' order by category_id) as ids
        from matches
    ),
    validation as materialized (
        select
            case
                when category is null then null
                when meanings = 0
                    then error(concat('no category is named ', category, '. List categories with: ',
                        'FROM category_coverage'))
                when meanings > 1
                    then error(concat(category, ' is the name of several categories. Use one of: ', ids, '.'))
            end as problem
        from summary
    )
    from matches where (select problem from validation) is null;

-- The genes of every category, and for each whether it has expression data, is on the chip, or is not in this database.
create or replace view category_members as
with current_symbols as (
    select entrez_id, min(alias) as symbol from gene_aliases where is_current group by entrez_id
)
select
    category_genes.category_id,
    coalesce(chip_genes.gene_symbol, current_symbols.symbol) as gene_symbol,
    category_genes.entrez_id,
    current_symbols.symbol as current_symbol,
    category_genes.direct,
    category_genes.evidence,
    case
        when chip_genes.has_expression then 'with expression data'
        when chip_genes.entrez_id is not null then 'on the chip'
        else 'not in this database'
    end as status
from category_genes
left join current_symbols using (entrez_id)
left join (from chip_genes where annotation = 'allen') as chip_genes
    on chip_genes.entrez_id = category_genes.entrez_id;

-- The genes of a category.
create or replace macro members(category) as table
    select gene_symbol, entrez_id, current_symbol, direct, evidence, status
    from category_named(coalesce(category::varchar, ''))
    join category_members using (category_id)
    order by gene_symbol, entrez_id;
