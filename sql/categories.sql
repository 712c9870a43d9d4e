-- Categories: which there are, what they hold, and the genes that they choose.

-- name: categories_called
-- The categories that $name means.
from categories_called($name);

-- name: categories_near
-- The names of categories most like $name, best first.
select name
from categories
where jaro_winkler_similarity(plain_name(name), plain_name($name)) > 0.8
    or contains(plain_name(name), plain_name($name))
group by name
order by damerau_levenshtein(plain_name(name), plain_name($name)), name
limit 3;

-- name: list_categories
-- Categories whose name or accession contains $search (null: every category), with their numbers of genes. Names that
-- equal $search come first, then those that begin with it, the short ones first.
select id, source, accession, name, genes, direct, on_chip, with_expression, release
from category_coverage
where $search is null or contains(plain_name(name), plain_name($search)) or upper(accession) = upper($search)
order by
    case
        when $search is null then 0
        when plain_name(name) = plain_name($search) or upper(accession) = upper($search) then 1
        when starts_with(plain_name(name), plain_name($search)) then 2
        else 3
    end,
    case when $search is null then 0 else len(name) end,
    is_shipped desc,
    source,
    genes desc,
    name;

-- name: create_requested_categories
-- The categories that a question is about, under the words in which each was asked for.
create or replace temp table requested_categories (category_id integer not null, requested_as varchar not null);

-- name: request_category
-- Ask for a category.
insert into requested_categories values ($category_id, $requested_as);

-- name: request_regulators
-- Ask, beside each category asked for, for what regulates it or anything below it.
insert into requested_categories
with recursive below(requested_as, category_id) as (
    select requested_as, category_id from requested_categories
    union
    select below.requested_as, category_edges.child_id
    from below
    join category_edges on category_edges.parent_id = below.category_id
)
select category_id, requested_as from below anti join requested_categories using (category_id, requested_as);

-- name: members_of_requested_categories
-- The genes of the requested categories, and what this database has of each; without genes whose only annotations have
-- the evidence codes $evidence_not.
select
    requested_as,
    gene_symbol,
    entrez_id,
    current_symbol,
    bool_or(direct) as direct,
    nullif(list_sort(list_distinct(flatten(list(coalesce(evidence, []))))), []) as evidence,
    status
from category_members
join requested_categories using (category_id)
where has_evidence_besides(evidence, $evidence_not)
group by requested_as, gene_symbol, entrez_id, current_symbol, status
order by requested_as, gene_symbol, entrez_id;

-- name: count_members_of_requested_categories
-- For each requested category its numbers of genes: all, on the chip, and with expression data by an annotation.
with members as (
    select distinct requested_as, entrez_id
    from category_genes
    join requested_categories using (category_id)
    where has_evidence_besides(evidence, $evidence_not)
)
select
    requested_as,
    count(members.entrez_id) as genes,
    count(chip_genes.entrez_id) as on_chip,
    count(*) filter (chip_genes.has_expression) as with_expression
from (select distinct requested_as from requested_categories)
left join members using (requested_as)
left join (from chip_genes where annotation = $annotation) as chip_genes using (entrez_id)
group by requested_as;

-- name: create_chosen_genes
-- The genes that answers are limited to, each under what it was chosen by.
create or replace temp table chosen_genes (gene_id integer not null, chosen_by varchar not null);

-- name: choose_genes_of_requested_categories
-- The atlas's genes that are members of what was asked for: joined by Entrez id.
insert into chosen_genes
select distinct all_genes.gene_id, requested_categories.requested_as
from requested_categories
join category_genes using (category_id)
join all_genes on all_genes.current_entrez_id = category_genes.entrez_id
where all_genes.named_by in ('allen', $annotation) and has_evidence_besides(category_genes.evidence, $evidence_not);

-- name: choose_listed_genes
-- The genes of a list that was given on the spot.
insert into chosen_genes
select distinct gene_id, $chosen_by from listed_genes;

-- name: keep_genes_chosen_by_all
-- Of the genes chosen by one or another of $choices ways, keep those chosen by every one.
delete from chosen_genes
where gene_id in (
    select gene_id from chosen_genes group by gene_id having count(distinct chosen_by) < $choices
);

-- name: chosen_gene_ids
-- The chosen genes, ascending.
select distinct gene_id from chosen_genes order by gene_id;

-- name: names_by_match
-- How many of the names in the file of a category were matched in which way, and those without a gene.
select
    matched_by,
    count(*) as names,
    list(name order by name) filter (entrez_id is null) as without_gene
from category_names
join name_matches using (name)
where category_id = $category_id
group by matched_by
order by matched_by;

-- name: categories_without_evidence
-- The wanted categories none of whose members has an evidence code.
select requested_as
from requested_categories
left join category_genes using (category_id)
group by requested_as
having count(evidence) = 0
order by requested_as;

-- name: known_evidence_codes
-- Every evidence code in the database.
select distinct unnest(evidence) as code from category_genes order by code;
