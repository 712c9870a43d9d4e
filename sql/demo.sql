-- The genes of the demo atlas, selected from the tables that ship with coexpr.

-- name: genes_of_term
-- The Entrez ids of the genes annotated to the term $go_id, or to a term below it over is_a and part_of.
with recursive below(go_id) as (
    select $go_id
    union
    select shipped_edges.child_id
    from below
    join shipped_edges on shipped_edges.parent_id = below.go_id
    where shipped_edges.relation in ('is_a', 'part_of')
)
select distinct shipped_annotations.entrez_id
from shipped_annotations
semi join below using (go_id)
order by shipped_annotations.entrez_id;

-- name: annotated_genes
-- Every gene with an annotation in the Gene Ontology.
select entrez_id, symbol, gene_name
from shipped_genes
semi join shipped_annotations using (entrez_id)
order by entrez_id;
