-- Names for the completion of shells, each with a description.

-- name: names_of_genes_and_probes
-- Symbols of genes with probes, other names of these genes, and names of probes.
with genes_here as (
    select gene_id, gene_symbol, gene_name, current_entrez_id
    from genes
    where gene_id in (select gene_id from probes)
),
names as (
    select gene_symbol as name, coalesce(gene_name, '') as description, 1 as way from genes_here
    union all
    select probe_name, coalesce('probe of ' || gene_symbol, 'probe'), 2
    from probes
    left join genes_here using (gene_id)
    union all
    select alias, 'another name of ' || gene_symbol, 3
    from gene_aliases
    join genes_here on genes_here.current_entrez_id = gene_aliases.entrez_id
)
select name, arg_min(description, (way, description)) as description from names group by name;

-- name: names_of_categories
-- Names and accessions of categories.
select name, min(concat_ws(' ', source, accession, release)) as description from categories group by name
union
select accession, name from categories where accession is not null;

-- name: names_of_structures
-- Acronyms and names of structures with samples in or below them.
with sampled as (
    select distinct ancestor.structure_id, ancestor.acronym, ancestor.name
    from structures as ancestor
    join structures as sampled on contains(sampled.structure_id_path, concat('/', ancestor.structure_id, '/'))
        or sampled.structure_id = ancestor.structure_id
    where sampled.structure_id in (select structure_id from samples)
)
select acronym as name, arg_min(name, (length(name), name)) as description from sampled group by acronym
union
select name, acronym from sampled;

-- name: names_of_donors
-- Names and ids of donors.
select coalesce(donor_name, donor_id::varchar) as name, concat_ws(', ', donor_id, age, sex) as description from donors
union
select donor_id::varchar, concat_ws(', ', donor_name, age, sex) from donors;
