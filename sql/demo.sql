-- The genes of the demo atlas, chosen from the tables that ship with coexpr.

-- name: genes_of_term
-- Entrez ids of the genes annotated to the term $go_id or to any term below it over is_a and part_of.
with recursive below(go_id) as (
    select $go_id
    union
    select edges.child_id
    from below
    join edges on edges.parent_id = below.go_id
    where edges.relation in ('is_a', 'part_of')
)
select distinct annotations.entrez_id
from annotations
semi join below using (go_id)
order by annotations.entrez_id;

-- name: annotated_genes
-- Every gene with an annotation: those that are known to do something.
select entrez_id, symbol, gene_name
from genes_of_ncbi
semi join annotations using (entrez_id)
order by entrez_id;
