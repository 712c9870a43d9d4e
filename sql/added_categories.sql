-- Categories that users add and remove.

-- name: categories_replaced
-- The categories of $source that are about to be added anew.
select category_id, name
from categories
where lower(source) = lower($source)
    and plain_name(name) in (select plain_name(name) from added_categories);

-- name: categories_of_source
-- Every category of $source.
select category_id, name from categories where lower(source) = lower($source);

-- name: delete_categories
-- Remove categories.
delete from categories where category_id in (select category_id from removed_categories);

-- name: delete_category_genes
-- Remove the members of categories.
delete from category_genes where category_id in (select category_id from removed_categories);

-- name: delete_category_edges
-- Remove categories from the hierarchy.
delete from category_edges
where child_id in (select category_id from removed_categories)
    or parent_id in (select category_id from removed_categories);

-- name: delete_category_names
-- Remove what the files of categories called their members.
delete from category_names where category_id in (select category_id from removed_categories);

-- name: next_category_id
-- The id of the next category.
select coalesce(max(category_id), 0) + 1 from categories;

-- name: insert_categories
-- Add the categories of a file.
insert into categories by name
select category_id, $source as source, $release as release, accession, name, aspect from added_categories;

-- name: insert_category_names
-- Keep what the file calls the members of each category, and the gene that each name means.
insert into category_names
select added_members.category_id, added_members.name, matched_names.matched_by, matched_names.entrez_id
from added_members
join matched_names using (name);

-- name: insert_category_genes
-- The members that mean a gene.
insert into category_genes
select distinct added_members.category_id, matched_names.entrez_id, true
from added_members
join matched_names using (name)
where matched_names.entrez_id is not null;

-- name: insert_category_edges
-- How the categories of a file lie below one another.
insert into category_edges select child_id, parent_id, relation from added_edges;

-- name: count_genes_on_chip
-- How many of the genes that a file's names mean the atlas has, and how many genes it has at all.
select
    (select count(distinct entrez_id) from matched_names semi join genes using (entrez_id)) as matched,
    (select count(*) from genes) as genes;
