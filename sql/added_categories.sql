-- Categories that users add and remove, and the genes that the names of their members refer to.

-- name: categories_replaced
-- The existing categories of $source that are in added_categories, which will replace them.
select category_id, name
from categories
where not is_shipped and lower(source) = lower($source) and name in (select name from added_categories);

-- name: categories_of_source
-- The added categories of $source: those of the source in this spelling, or else in any case.
select category_id, name, source, is_shipped
from categories
where lower(source) = lower($source) and not is_shipped
qualify source = $source or not bool_or(source = $source) over ();

-- name: delete_categories
-- Delete categories.
delete from categories where category_id in (select category_id from removed_categories);

-- name: delete_category_genes
-- Delete the members of categories.
delete from category_genes where category_id in (select category_id from removed_categories);

-- name: delete_category_edges
-- Delete categories from the hierarchy.
delete from category_edges
where child_id in (select category_id from removed_categories)
    or parent_id in (select category_id from removed_categories);

-- name: delete_category_names
-- Delete the names of members of categories, as given in their files.
delete from category_names where category_id in (select category_id from removed_categories);

-- name: next_category_id
-- The id of the next category.
select coalesce(max(category_id), 0) + 1 from categories;

-- name: insert_categories
-- Insert the categories of a file.
insert into categories by name
select category_id, $source as source, $release as release, accession, name, aspect, false as is_shipped
from added_categories;

-- name: insert_category_names
-- Insert the names of the members of each category as given in the file.
insert into category_names select category_id, name, evidence from added_members;

-- name: insert_category_edges
-- Insert the hierarchy of the categories of a file.
insert into category_edges select child_id, parent_id, relation from added_edges;

-- name: delete_name_matches
-- Delete all matches of names, so that names can be matched again.
delete from name_matches;

-- name: insert_name_matches
-- Match every name of a member to a gene.
insert into name_matches
with names as (
    select distinct name from category_names
),
counted as (
    select
        names.name,
        count(meanings.level) as meanings,
        any_value(meanings.matched_by) as matched_by,
        any_value(meanings.entrez_id) as entrez_id
    from names
    left join lateral (from meanings_of(names.name, 'allen')) as meanings on true
    group by names.name
)
select
    name,
    case
        when meanings = 0 then 'unmatched'
        when meanings > 1 then 'ambiguous'
        when entrez_id is null then 'no Entrez id'
        else matched_by
    end,
    case when meanings = 1 then entrez_id end
from counted
order by name;

-- name: delete_members_of_added_categories
-- Delete the members of added categories, so that they can be inserted again.
delete from category_genes
where category_id in (select category_id from categories where not is_shipped);

-- name: create_direct_members_of_added_categories
-- Create the table of the genes that match the names of members of added categories.
create or replace temp table direct_members as
select category_names.category_id, name_matches.entrez_id, category_names.evidence
from category_names
join name_matches using (name)
where name_matches.entrez_id is not null;

-- name: count_matched_genes
-- The numbers of matched_genes on the chip and with expression data, according to the loaded downloads.
select count(chip_genes.entrez_id) as on_chip, count(*) filter (chip_genes.has_expression) as with_expression
from matched_genes
left join (from chip_genes where annotation = 'allen') as chip_genes using (entrez_id);
