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
-- Categories whose name or accession holds $search (null: every one), with their numbers of genes, of
-- those on the chip and of those loaded.
with wanted as (
    select * from categories
    where $search is null or contains(plain_name(name), plain_name($search)) or upper(accession) = upper($search)
),
loaded_genes as (
    select distinct current_entrez_id as entrez_id from genes semi join representative_probes using (gene_id)
),
chip_genes as (
    select distinct current_entrez_id as entrez_id from genes
),
counts as (
    select
        category_id,
        count(*) as genes,
        count(*) filter (direct) as direct,
        count(chip_genes.entrez_id) as on_chip,
        count(loaded_genes.entrez_id) as loaded
    from category_genes
    semi join wanted using (category_id)
    left join chip_genes using (entrez_id)
    left join loaded_genes using (entrez_id)
    group by category_id
)
select
    case when is_shipped and accession is not null then accession else concat('id:', wanted.category_id) end as id,
    source,
    accession,
    wanted.name,
    coalesce(genes, 0) as genes,
    coalesce(direct, 0) as direct,
    coalesce(on_chip, 0) as on_chip,
    coalesce(loaded, 0) as loaded,
    release
from wanted
left join counts using (category_id)
order by
    case
        when $search is null then 0
        when plain_name(wanted.name) = plain_name($search) or upper(accession) = upper($search) then 1
        when starts_with(plain_name(wanted.name), plain_name($search)) then 2
        else 3
    end,
    case when $search is null then 0 else len(wanted.name) end,
    is_shipped desc,
    source,
    genes desc,
    wanted.name;

-- name: create_wanted_categories
-- The categories that a question is about, under the words in which each was asked for.
create or replace temp table wanted_categories (category_id integer not null, wanted_as varchar not null);

-- name: want_category
-- Ask for a category.
insert into wanted_categories values ($category_id, $wanted_as);

-- name: want_regulators
-- Ask, beside each category asked for, for what regulates it or anything below it.
insert into wanted_categories
with recursive below(wanted_as, category_id) as (
    select wanted_as, category_id from wanted_categories
    union
    select below.wanted_as, category_edges.child_id
    from below
    join category_edges on category_edges.parent_id = below.category_id
)
select category_id, wanted_as from below anti join wanted_categories using (category_id, wanted_as);

-- name: wanted_members
-- The genes of what was asked for: loaded, only known to be on the chip, or not found in this database.
with members as (
    select
        wanted_as,
        entrez_id,
        bool_or(direct) as direct,
        list_sort(list_distinct(flatten(list(coalesce(evidence, []))))) as evidence
    from category_genes
    join wanted_categories using (category_id)
    where has_evidence_besides(evidence, $evidence_not)
    group by wanted_as, entrez_id
),
current_symbols as (
    select entrez_id, min(alias) as symbol from gene_aliases where is_current group by entrez_id
),
atlas_genes as (
    select
        genes.current_entrez_id as entrez_id,
        min_by(genes.gene_symbol, (genes.current_entrez_id <> genes.entrez_id, genes.gene_symbol)) as gene_symbol,
        bool_or(representative_probes.gene_id is not null) as is_loaded
    from genes
    left join representative_probes using (gene_id)
    where genes.entrez_id is not null
    group by all
)
select
    members.wanted_as,
    coalesce(atlas_genes.gene_symbol, current_symbols.symbol) as gene_symbol,
    members.entrez_id,
    current_symbols.symbol as current_symbol,
    members.direct,
    case when len(members.evidence) > 0 then members.evidence end as evidence,
    case
        when atlas_genes.is_loaded then 'loaded'
        when atlas_genes.entrez_id is not null then 'on the chip'
        else 'not found'
    end as status
from members
left join current_symbols using (entrez_id)
left join atlas_genes using (entrez_id)
order by members.wanted_as, gene_symbol, members.entrez_id;

-- name: wanted_counts
-- How many genes each thing asked for has, how many are on the chip, and how many are loaded by an annotation.
with members as (
    select distinct wanted_as, entrez_id
    from category_genes
    join wanted_categories using (category_id)
    where has_evidence_besides(evidence, $evidence_not)
),
chip_genes as (
    select distinct current_entrez_id as entrez_id
    from all_genes
    where entrez_id is not null and named_by in ('allen', $annotation)
),
loaded_genes as (
    select distinct all_genes.current_entrez_id as entrez_id
    from probe_genes
    join all_genes using (gene_id)
    semi join expression using (probe_id)
    where probe_genes.annotation = $annotation and all_genes.entrez_id is not null
)
select
    wanted_as,
    count(entrez_id) as genes,
    count(chip_genes.entrez_id) as on_chip,
    count(loaded_genes.entrez_id) as loaded
from (select distinct wanted_as from wanted_categories)
left join members using (wanted_as)
left join chip_genes using (entrez_id)
left join loaded_genes using (entrez_id)
group by wanted_as;

-- name: create_chosen_genes
-- The genes that answers are limited to, each under what it was chosen by.
create or replace temp table chosen_genes (gene_id integer not null, chosen_by varchar not null);

-- name: choose_genes_of_wanted_categories
-- The atlas's genes that are members of what was asked for: joined by Entrez id.
insert into chosen_genes
select distinct all_genes.gene_id, wanted_categories.wanted_as
from wanted_categories
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

-- name: names_by_way
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
select wanted_as
from wanted_categories
left join category_genes using (category_id)
group by wanted_as
having count(evidence) = 0
order by wanted_as;

-- name: known_evidence_codes
-- Every evidence code in the database.
select distinct unnest(evidence) as code from category_genes order by code;
