-- Categories: listing, members, and gene filters.

-- name: categories_called
-- The categories that match $name.
from categories_called($name);

-- name: categories_near
-- The names of categories that are most similar to $name, best first.
select name
from categories
where jaro_winkler_similarity(plain_name(name), plain_name($name)) > 0.8
    or contains(plain_name(name), plain_name($name))
group by name
order by damerau_levenshtein(plain_name(name), plain_name($name)), name
limit 3;

-- name: list_categories
-- Categories whose name contains $search or whose accession equals it (null: every category), with their numbers of
-- genes. Names that equal $search come first, then those that begin with it, short names first.
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
-- Create the table of the categories of a query, with the name by which each was requested.
create or replace temp table requested_categories (category_id integer not null, requested_as varchar not null);

-- name: request_category
-- Add a category to the query.
insert into requested_categories values ($category_id, $requested_as);

-- name: request_regulators
-- Add all categories below the requested ones over any relation, which includes those that regulate them.
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
-- The genes of the requested categories, with the data that this database has for each; without genes whose
-- annotations have only the evidence codes $evidence_not.
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
-- The numbers of genes of each requested category: all, on the chip, and with expression data by $annotation.
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
-- Create the table of the genes that a result is limited to, with the category or list that each is from.
create or replace temp table chosen_genes (gene_id integer not null, chosen_by varchar not null);

-- name: choose_genes_of_requested_categories
-- Add the genes of the atlas that are members of the requested categories, joined by Entrez id.
insert into chosen_genes
select distinct all_genes.gene_id, requested_categories.requested_as
from requested_categories
join category_genes using (category_id)
join all_genes on all_genes.current_entrez_id = category_genes.entrez_id
where all_genes.named_by in ('allen', $annotation) and has_evidence_besides(category_genes.evidence, $evidence_not);

-- name: choose_listed_genes
-- Add the genes of a list.
insert into chosen_genes
select distinct gene_id, $chosen_by from listed_genes;

-- name: keep_genes_chosen_by_all
-- Delete the chosen genes that are not in all of the $choices categories and lists.
delete from chosen_genes
where gene_id in (
    select gene_id from chosen_genes group by gene_id having count(distinct chosen_by) < $choices
);

-- name: genes_by_choice
-- The chosen genes with the category or list that chose them.
select chosen_by, gene_id from chosen_genes order by gene_id;

-- name: chosen_gene_ids
-- The chosen genes, ascending.
select distinct gene_id from chosen_genes order by gene_id;

-- name: names_by_match
-- The number of names in the file of a category by how they were matched, and the names without a gene.
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
-- The requested categories that have no member with an evidence code.
select requested_as
from requested_categories
left join category_genes using (category_id)
group by requested_as
having count(evidence) = 0
order by requested_as;

-- name: known_evidence_codes
-- Every evidence code in the database.
select distinct unnest(evidence) as code from category_genes order by code;

-- name: gene_sets
-- The rows of profiled_genes that are members of each category, of categories with $smallest to $largest such members.
with members as (
    select distinct category_genes.category_id, profiled_genes.row
    from category_genes
    join all_genes on all_genes.current_entrez_id = category_genes.entrez_id
    join profiled_genes using (gene_id)
    where all_genes.named_by in ('allen', $annotation)
)
select category_id, row
from members
qualify count(*) over (partition by category_id) between $smallest and $largest
order by category_id, row;

-- name: categories_of_gene_sets
-- The names of the categories of found_sets, in the order of their ids.
select category_id, source, release, accession, name
from categories
semi join found_sets using (category_id)
order by category_id;
