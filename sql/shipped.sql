-- Data that ship with coexpr and are inserted into a new database: the Gene Ontology and NCBI's names of human genes.

-- name: insert_shipped_aliases
-- Insert the gene names.
insert into gene_aliases
with names as (
    select entrez_id, alias, false as is_current from shipped_aliases
    union all
    select entrez_id, symbol, true from shipped_genes
)
select entrez_id, alias, bool_or(is_current) from names group by entrez_id, alias order by alias, entrez_id;

-- name: keep_ids_of_shipped_categories
-- Keep the ids of the terms, before terms of a newer release replace them.
create or replace temp table kept_ids as
select accession, category_id from categories where is_shipped;

-- name: create_kept_ids
-- Create the table of kept ids, without rows, unless ids were kept.
create temp table if not exists kept_ids (accession varchar, category_id integer);

-- name: insert_shipped_categories
-- Insert the terms of the Gene Ontology as categories. A term keeps its id; a new one gets the next that is free.
insert into categories by name
with used as (
    select coalesce(max(category_id), 0) as highest
    from (select category_id from categories union all select category_id from kept_ids)
)
select
    coalesce(
        kept_ids.category_id,
        highest + count(*) filter (kept_ids.category_id is null) over (order by go_id rows unbounded preceding)
    ) as category_id,
    $source as source,
    $release as release,
    go_id as accession,
    name,
    aspect,
    true as is_shipped
from shipped_terms
cross join used
left join kept_ids on kept_ids.accession = go_id
where go_id like 'GO:%';

-- name: insert_shipped_edges
-- Insert the hierarchy of the terms.
insert into category_edges
select child.category_id, parent.category_id, relation
from shipped_edges
join categories as child on child.accession = child_id
join categories as parent on parent.accession = parent_id
order by parent.category_id, child.category_id;

-- name: create_direct_members_of_shipped_categories
-- Create the table of the genes that are annotated to each term.
create or replace temp table direct_members as
select category_id, entrez_id, evidence
from shipped_annotations
join categories on accession = go_id;

-- name: create_categories_below
-- Create the table of the categories below each of the shipped or the added ones, with each category itself. It is
-- filled step by step, and not by a recursive query: DuckDB 2.0 does not end if one that inserts is interrupted.
create or replace temp table categories_below as
select category_id, category_id as below_id, 0 as depth from categories where is_shipped = $is_shipped;

-- name: insert_categories_below
-- Add the categories one step below those at $depth, over is_a and part_of.
insert into categories_below
select distinct categories_below.category_id, category_edges.child_id, $depth + 1
from categories_below
join category_edges on category_edges.parent_id = categories_below.below_id
anti join categories_below as known
    on known.category_id = categories_below.category_id and known.below_id = category_edges.child_id
where categories_below.depth = $depth and category_edges.relation in ('is_a', 'part_of');

-- name: count_categories_below
-- The number of categories that the last step has added.
select count(*) from categories_below where depth = $depth;

-- name: drop_categories_below
-- Delete the table of the categories below each.
drop table categories_below;

-- name: insert_members
-- Insert the members of the categories of categories_below: direct_members, and those of the categories below. The
-- evidence of a member combines that of all annotations that make it a member. Codes are combined as bits, which takes
-- a third of the time of combining lists.
insert into category_genes
with sets_of_codes as (
    select distinct evidence from direct_members where evidence is not null
),
codes as (
    select code, 1::bigint << (row_number() over (order by code) - 1)::bigint as bit
    from (select distinct unnest(evidence) as code from sets_of_codes)
),
coded_sets as (
    select evidence, bit_or(bit) as bits
    from (select evidence, unnest(evidence) as code from sets_of_codes)
    join codes using (code)
    group by evidence
),
coded_members as (
    select direct_members.category_id, direct_members.entrez_id, coded_sets.bits
    from direct_members
    left join coded_sets using (evidence)
),
members as (
    select
        categories_below.category_id,
        coded_members.entrez_id,
        bool_or(categories_below.depth = 0) as direct,
        bit_or(coded_members.bits) as bits
    from categories_below
    join coded_members on coded_members.category_id = categories_below.below_id
    group by categories_below.category_id, coded_members.entrez_id
),
evidence_of_bits as (
    select bits, list(code order by code) as evidence
    from (select distinct bits from members where bits is not null)
    join codes on bits & bit <> 0
    group by bits
)
select members.category_id, members.entrez_id, members.direct, evidence_of_bits.evidence
from members
left join evidence_of_bits using (bits)
order by members.category_id, members.entrez_id;

-- name: delete_gene_aliases
-- Delete the names of genes.
delete from gene_aliases;

-- name: restore_given_ids
-- Take the Entrez ids of the downloads as current, before retired ones are followed again.
update genes set current_entrez_id = entrez_id where current_entrez_id is distinct from entrez_id;

-- name: delete_shipped_category_genes
-- Delete the members of the terms of the Gene Ontology.
delete from category_genes where category_id in (select category_id from categories where is_shipped);

-- name: delete_shipped_category_edges
-- Delete the hierarchy of the terms.
delete from category_edges where parent_id in (select category_id from categories where is_shipped);

-- name: delete_shipped_categories
-- Delete the terms.
delete from categories where is_shipped;

-- name: record_release
-- Record the release of gene names, terms or annotations.
insert or replace into releases (name, release, sha256) values ($name, $release, $sha256);

-- name: count_of_releases
-- The numbers of names of genes, of terms, and of pairs of a term and a gene.
select
    (select count(*) from gene_aliases) as names,
    count(*) as terms,
    (
        select count(*)
        from category_genes
        join categories using (category_id)
        where is_shipped and direct
    ) as annotations
from categories
where is_shipped;

-- name: current_symbols
-- The current symbol of every human gene.
select alias, entrez_id from gene_aliases where is_current;

-- name: drop_kept_ids
-- Drop the table of kept ids, after terms were inserted.
drop table kept_ids;

-- name: releases
-- The releases of gene names, terms and annotations.
select name, release, sha256 from releases order by name;

-- name: drop_direct_members
-- Drop the table of direct members, after members were inserted.
drop table direct_members;

-- name: count_categories
-- The number of categories.
select count(*) from categories;

-- name: count_added_categories
-- The number of categories that were added by the user.
select count(*) from categories where not is_shipped;
