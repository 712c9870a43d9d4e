-- Tables that are derived from others and stored: names, and the genes of the chip. They are filled here only.

-- name: delete_names_of_ncbi
-- Delete the names that NCBI Gene has: current Entrez ids, current symbols and aliases.
delete from stored_names where rank in (4, 8, 10);

-- name: insert_names_of_ncbi
-- Store the names that NCBI Gene has, without the gene of the atlas, which known_names adds.
insert into stored_names by name
with names as (
    select
        entrez_id::varchar as name,
        entrez_id::varchar as written,
        'Entrez id' as matched_by,
        4 as rank,
        entrez_id
    from gene_aliases
    where is_current
    union all
    select
        upper(alias),
        alias,
        case when is_current then 'current symbol' else 'alias' end,
        case when is_current then 8 else 10 end,
        entrez_id
    from gene_aliases
)
select *, false as is_retired, 'allen' as named_by from names order by name, rank, entrez_id;

-- name: delete_names_of_atlas
-- Delete the names that the atlas has.
delete from stored_names where rank not in (4, 8, 10);

-- name: insert_names_of_atlas
-- Store the names that the atlas has: names and ids of probes, Entrez ids and symbols of genes.
insert into stored_names by name
with names as (
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
    select upper(gene_symbol), gene_symbol, 'atlas symbol', 6, null, gene_id, entrez_id, false, named_by from all_genes
)
from names order by name, rank, probe_id, gene_id;

-- name: delete_chip_genes
-- Delete the stored genes of the chip.
delete from chip_genes;

-- name: insert_chip_genes
-- Store the genes of the chip by current Entrez id, according to each annotation, and whether this database has
-- expression data for one of their probes. If several genes have the same id, the symbol is that of the gene whose own
-- id is current.
insert into chip_genes by name
with genes_with_expression as (
    select distinct annotation, gene_id
    from probe_genes
    semi join expression using (probe_id)
),
annotated as (
    select 'allen' as annotation, * from all_genes where named_by = 'allen'
    union all
    select 'reannotated', * from all_genes
)
select
    annotated.annotation,
    annotated.current_entrez_id as entrez_id,
    min_by(annotated.gene_symbol, (annotated.current_entrez_id <> annotated.entrez_id, annotated.gene_symbol))
        as gene_symbol,
    bool_or(genes_with_expression.gene_id is not null) as has_expression
from annotated
left join genes_with_expression
    on genes_with_expression.annotation = annotated.annotation and genes_with_expression.gene_id = annotated.gene_id
where annotated.current_entrez_id is not null
group by annotated.annotation, annotated.current_entrez_id
order by annotated.annotation, entrez_id;

-- name: keep_stored_names
-- Copy the stored names, to compare them with those that the tables now give.
create or replace temp table kept_names as from stored_names;

-- name: start_names_again
-- Create an empty temporary table of stored names, which takes the place of the stored one.
create or replace temp table stored_names as from kept_names limit 0;

-- name: keep_chip_genes
-- Copy the stored genes of the chip, to compare them with those that the tables now give.
create or replace temp table kept_chip_genes as from chip_genes;

-- name: start_chip_genes_again
-- Create an empty temporary table of genes of the chip, which takes the place of the stored one.
create or replace temp table chip_genes as from kept_chip_genes limit 0;

-- name: names_are_the_same
-- Whether the stored names are those that the tables now give, by the sum of their hashes.
select
    (select (count(*), sum(hash(kept_names))) from kept_names)
    = (select (count(*), sum(hash(stored_names))) from stored_names);

-- name: count_altered_names
-- The number of names that are stored and should not be, or should be stored and are not.
select count(*)
from ((from kept_names except all from stored_names) union all (from stored_names except all from kept_names));

-- name: count_altered_chip_genes
-- The number of genes of the chip that are stored and should not be, or should be stored and are not.
select count(*)
from ((from kept_chip_genes except all from chip_genes) union all (from chip_genes except all from kept_chip_genes));
