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
from all_genes
where (upper(gene_symbol) = upper($name) or entrez_id = $number) and named_by in ('allen', $annotation)
order by same_case desc, gene_id;

-- name: symbol_of_gene
-- What a gene is called.
select gene_symbol from all_genes where gene_id = $gene_id;

-- name: names_near
-- The gene symbols and probe names most like $name, best first.
with names as (
    select gene_symbol as name from all_genes
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

-- name: genes_also_called
-- Genes whose current symbol, or an alias, is $name in any case; the current symbol comes first. A gene
-- that the database does not have comes with a null gene_id.
select distinct
    all_genes.gene_id,
    all_genes.gene_symbol,
    all_genes.gene_name,
    gene_aliases.entrez_id,
    gene_aliases.alias,
    gene_aliases.is_current
from gene_aliases
left join all_genes
    on all_genes.entrez_id = gene_aliases.entrez_id and all_genes.named_by in ('allen', $annotation)
where upper(gene_aliases.alias) = upper($name)
order by gene_aliases.is_current desc, gene_aliases.entrez_id;

-- name: match_names
-- For each of given_names the genes it can mean, in the best way there is: as an Entrez id, a current
-- symbol, the atlas's own symbol, an alias, or a probe; in the case given before any other.
with known_genes as (
    select * from all_genes where named_by in ('allen', $annotation)
),
upper_names as (
    select
        name,
        upper(name) as upper_name,
        if(regexp_full_match(name, '[0-9]+'), try_cast(name as integer), null) as number
    from given_names
),
known_ids as (
    select entrez_id from gene_aliases union select entrez_id from known_genes where entrez_id is not null
),
ways as (
    select name, 1 as way, 'Entrez id' as matched_by, known_ids.entrez_id, null::integer as gene_id
    from upper_names join known_ids on known_ids.entrez_id = upper_names.number
    union all
    select name, if(is_current, 2, 4) + if(alias = name, 0, 0.5), if(is_current, 'symbol', 'alias'), entrez_id, null
    from upper_names join gene_aliases on upper(gene_aliases.alias) = upper_names.upper_name
    union all
    select name, 3 + if(gene_symbol = name, 0, 0.5), 'symbol of the atlas', entrez_id, gene_id
    from upper_names join known_genes on upper(known_genes.gene_symbol) = upper_names.upper_name
    union all
    select name, 5, 'probe', genes.entrez_id, genes.gene_id
    from upper_names
    join probes on upper(probes.probe_name) = upper_names.upper_name
    join genes using (gene_id)
),
best_ways as (
    select * from ways qualify way = min(way) over (partition by name)
)
select distinct
    given_names.name,
    best_ways.matched_by,
    best_ways.entrez_id,
    coalesce(best_ways.gene_id, known_genes.gene_id) as gene_id
from given_names
left join best_ways using (name)
left join known_genes on known_genes.entrez_id = best_ways.entrez_id
order by given_names.name, best_ways.entrez_id;
