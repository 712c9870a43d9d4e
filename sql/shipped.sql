-- What ships with coexpr, into a new database: the Gene Ontology and NCBI's names of human genes.

-- name: insert_shipped_aliases
-- The gene names that ship with coexpr.
insert into gene_aliases
with names as (
    select entrez_id, alias, false as is_current from shipped_aliases
    union all
    select entrez_id, symbol, true from shipped_genes
)
select entrez_id, alias, bool_or(is_current) from names group by entrez_id, alias order by alias, entrez_id;

-- name: insert_shipped_categories
-- The terms of the Gene Ontology that ship with coexpr.
insert into categories by name
select
    row_number() over (order by go_id) as category_id,
    $source as source,
    $release as release,
    go_id as accession,
    name,
    aspect
from shipped_terms
where go_id like 'GO:%';

-- name: insert_shipped_edges
-- Which of them lie below which.
insert into category_edges
select child.category_id, parent.category_id, relation
from shipped_edges
join categories as child on child.accession = child_id
join categories as parent on parent.accession = parent_id
order by parent.category_id, child.category_id;

-- name: insert_shipped_members
-- Their genes, as annotated.
insert into category_genes
select category_id, entrez_id, true
from shipped_annotations
join categories on accession = go_id;

-- name: insert_inherited_members
-- For the categories from $first_category_id on: the genes of the categories below each, over is_a
-- and part_of.
insert into category_genes
with recursive below(category_id, below_id) as (
    select category_id, category_id from categories where category_id >= $first_category_id
    union
    select below.category_id, category_edges.child_id
    from below
    join category_edges on category_edges.parent_id = below.below_id
    where category_edges.relation in ('is_a', 'part_of')
),
inherited as (
    select distinct below.category_id, category_genes.entrez_id
    from below
    join category_genes on category_genes.category_id = below.below_id
    where below.below_id <> below.category_id
)
select category_id, entrez_id, false
from inherited
anti join category_genes using (category_id, entrez_id)
order by category_id, entrez_id;

-- name: count_categories
-- How many categories there are.
select count(*) from categories;
