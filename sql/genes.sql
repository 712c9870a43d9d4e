-- Genes: Allen's, many of them placeholders without an Entrez id.

-- name: genes_that_differ
-- Genes of a download that the database knows by another symbol or Entrez id.
select
    incoming_genes.gene_id,
    concat_ws(', Entrez ', genes.gene_symbol, genes.entrez_id) as stored,
    concat_ws(', Entrez ', incoming_genes.gene_symbol, incoming_genes.entrez_id) as incoming
from incoming_genes
join genes using (gene_id)
where genes.gene_symbol <> incoming_genes.gene_symbol or genes.entrez_id <> incoming_genes.entrez_id
order by gene_id;

-- name: merge_genes
-- Add the genes of a download, and what it tells of those already here.
insert into genes by name
select * from incoming_genes
on conflict do update set
    gene_name = coalesce(gene_name, excluded.gene_name),
    entrez_id = coalesce(entrez_id, excluded.entrez_id),
    chromosome = coalesce(chromosome, excluded.chromosome);

-- name: genes_called
-- Genes whose symbol is $name in any case, or whose Entrez id is $number. A symbol in the very case
-- that was asked for comes before one in another case.
select gene_id, gene_symbol, gene_name, entrez_id, gene_symbol = $name as same_case
from genes
where upper(gene_symbol) = upper($name) or entrez_id = $number
order by same_case desc, gene_id;

-- name: names_near
-- The gene symbols and probe names most like $name, best first.
with names as (
    select gene_symbol as name from genes
    union
    select probe_name from probes
)
select name
from names
where jaro_winkler_similarity(upper(name), upper($name)) > 0.75
order by
    damerau_levenshtein(upper(name), upper($name)),
    jaro_winkler_similarity(upper(name), upper($name)) desc,
    name
limit 3;
