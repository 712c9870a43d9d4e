-- Genes of the atlas; many are placeholders without an Entrez id.

-- name: genes_that_differ
-- Genes of a download that have another symbol or Entrez id in the database.
select
    incoming_genes.gene_id,
    concat_ws(', Entrez ', genes.gene_symbol, genes.entrez_id) as stored,
    concat_ws(', Entrez ', incoming_genes.gene_symbol, incoming_genes.entrez_id) as incoming
from incoming_genes
join genes using (gene_id)
where genes.gene_symbol <> incoming_genes.gene_symbol or genes.entrez_id <> incoming_genes.entrez_id
order by gene_id;

-- name: merge_genes
-- Insert the genes of a download, and fill in what is missing for genes that are already in the database.
insert into genes by name
select *, entrez_id as current_entrez_id from incoming_genes
on conflict do update set
    gene_name = coalesce(gene_name, excluded.gene_name),
    entrez_id = coalesce(entrez_id, excluded.entrez_id),
    chromosome = coalesce(chromosome, excluded.chromosome),
    current_entrez_id = coalesce(current_entrez_id, excluded.current_entrez_id);

-- name: follow_retired_ids
-- Replace each Entrez id that is no longer in NCBI Gene by that of the only human gene with the gene's symbol as symbol
-- or alias. When NCBI merges a record into another, it keeps the old symbol as an alias.
with replacements as (
    select genes.gene_id, min(gene_aliases.entrez_id) as entrez_id
    from genes
    join gene_aliases on gene_aliases.alias = genes.gene_symbol
    where genes.entrez_id is not null
        and genes.entrez_id not in (select entrez_id from gene_aliases)
    group by genes.gene_id
    having count(distinct gene_aliases.entrez_id) = 1
)
update genes set current_entrez_id = replacements.entrez_id
from replacements
where replacements.gene_id = genes.gene_id and genes.current_entrez_id <> replacements.entrez_id;

-- name: count_retired_ids
-- The numbers of genes with an Entrez id, with an id that was retired and replaced, and with an id that is not in NCBI
-- Gene.
select
    count(entrez_id) as with_entrez_id,
    count(*) filter (current_entrez_id <> entrez_id) as followed,
    count(*) filter (current_entrez_id not in (select entrez_id from gene_aliases)) as without_current_id
from genes;

-- name: meanings_of_names
-- The probes and genes that each of given_names refers to, one row each. Names that are not recognised have no row.
select given_names.name, meanings.*
from given_names, meanings_of(given_names.name, $annotation) as meanings
order by given_names.name, meanings.level, meanings.gene_id, meanings.probe_id, meanings.entrez_id;

-- name: example_gene
-- A gene with expression data, as an example: NTRK2 if it has any, or else the gene with the most probes.
select gene_symbol
from probes
join genes using (gene_id)
where probe_id in (select probe_id from expression)
group by gene_symbol
order by gene_symbol = 'NTRK2' desc, count(*) desc, gene_symbol
limit 1;

-- name: symbol_of_gene
-- The symbol of a gene.
select gene_symbol from all_genes where gene_id = $gene_id;

-- name: names_near
-- The names of probes and genes that are most similar to $name, best first; aliases with the symbol of their gene.
-- Names with the same letters and digits come first.
with candidates as (
    select
        written,
        known_names.gene_id,
        alphanumeric(written) = alphanumeric($name) and alphanumeric($name) <> '' as has_same_letters,
        damerau_levenshtein(name, upper($name)) as distance,
        jaro_winkler_similarity(name, upper($name)) as similarity
    from known_names
    where named_by = 'allen'
        and (gene_id is not null or probe_id is not null)
        and matched_by not in ('probe id', 'Entrez id')
        and (
            jaro_winkler_similarity(name, upper($name)) > 0.75
            or (alphanumeric(written) = alphanumeric($name) and alphanumeric($name) <> '')
        )
),
best as (
    select distinct on (coalesce(all_genes.gene_symbol, candidates.written))
        case
            when all_genes.gene_symbol is null or all_genes.gene_symbol = candidates.written then candidates.written
            else concat(candidates.written, ' (', all_genes.gene_symbol, ')')
        end as name,
        has_same_letters,
        distance,
        similarity
    from candidates
    left join all_genes using (gene_id)
    order by has_same_letters desc, distance, all_genes.gene_symbol = candidates.written desc, similarity desc, written
)
select name from best order by has_same_letters desc, distance, similarity desc, name limit 3;

-- name: probes_of_requested_genes
-- The numbers of probes, and of probes with expression data, of each of requested_genes.
select
    gene_id,
    count(probes.probe_id)::integer as probes,
    count(probe_means.probe_id)::integer as probes_with_expression
from requested_genes
left join probes using (gene_id)
left join probe_means on probe_means.probe_id = probes.probe_id
group by gene_id;
