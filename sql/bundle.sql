-- Bundles: the genes and probes that they contain, and their database, filled from the one that is read.
--
-- The queries copy_* run in the new database, with the other attached as source, and with the tables bundled_genes,
-- bundled_probes and bundled_categories of the ids that are copied.

-- name: attach_source
-- Attach the database at $path for reading.
attach $path as source (read_only);

-- name: representatives_of_chosen_genes
-- The representative probes of the chosen genes.
select probe_id from representative_probes semi join chosen_genes using (gene_id) order by probe_id;

-- name: probes_of_chosen_genes
-- All probes of the chosen genes that have expression data.
select probe_id from probes semi join chosen_genes using (gene_id) semi join expression using (probe_id) order by probe_id;

-- name: bundled_category_ids
-- The categories that a bundle contains.
select distinct category_id from requested_categories order by category_id;

-- name: bundled_gene_ids
-- The chosen genes, and the genes of the atlas that are members of the categories; the latter may have no probe.
select gene_id from chosen_genes
union
select genes.gene_id
from requested_categories
join category_genes using (category_id)
join genes on genes.current_entrez_id = category_genes.entrez_id
order by gene_id;

-- name: count_genes_of_probes
-- The number of genes that the given probes measure.
select count(distinct gene_id) from probes semi join given_probes using (probe_id);

-- name: copy_donors
-- All donors.
insert into donors by name from source.donors;

-- name: copy_structures
-- All structures.
insert into structures by name from source.structures;

-- name: copy_samples
-- All samples.
insert into samples by name from source.samples;

-- name: copy_releases
-- All releases.
insert or replace into releases by name from source.releases;

-- name: copy_downloads
-- All downloads, with the name of the file or folder in place of its path, which readers need not see.
insert into downloads by name
select * replace (regexp_extract(location, '[^/\\]*$') as location) from source.downloads;

-- name: copy_genes
-- The genes.
insert into genes by name from source.genes semi join bundled_genes using (gene_id);

-- name: copy_probes
-- The probes.
insert into probes by name from source.probes semi join bundled_probes using (probe_id);

-- name: copy_expression
-- The rows of expression of the probes, in the order of ingest.
insert into expression by name
from source.expression semi join bundled_probes using (probe_id)
order by donor_id, probe_id;

-- name: copy_present_calls
-- The present calls of the probes.
insert into present_calls by name
from source.present_calls semi join bundled_probes using (probe_id)
order by donor_id, probe_id;

-- name: copy_probe_stability
-- The differential stability of the probes.
insert into probe_stability by name from source.probe_stability semi join bundled_probes using (probe_id);

-- name: copy_rnaseq_agreement
-- The agreement of the probes with RNA-seq.
insert into rnaseq_agreement by name from source.rnaseq_agreement semi join probes using (probe_name);

-- name: copy_reannotations
-- The genes of the probes by the re-annotation.
insert into reannotations by name from source.reannotations semi join probes using (probe_name);

-- name: copy_corrected_coordinates
-- The corrected coordinates of the samples.
insert into corrected_coordinates by name from source.corrected_coordinates semi join samples using (sample_id);

-- name: copy_categories
-- The categories.
insert into categories by name from source.categories semi join bundled_categories using (category_id);

-- name: copy_category_genes
-- All members of the categories, with and without expression data.
insert into category_genes by name from source.category_genes semi join bundled_categories using (category_id);

-- name: copy_category_edges
-- The hierarchy between the categories.
insert into category_edges by name
from source.category_edges
where child_id in (select category_id from bundled_categories)
    and parent_id in (select category_id from bundled_categories);

-- name: copy_category_names
-- The names in the files of added categories.
insert into category_names by name from source.category_names semi join bundled_categories using (category_id);

-- name: copy_name_matches
-- The genes that these names mean.
insert into name_matches by name from source.name_matches semi join category_names using (name);

-- name: copy_gene_aliases
-- The names of the genes and of all members of the categories.
insert into gene_aliases by name
from source.gene_aliases
where entrez_id in (
    select current_entrez_id from genes union select entrez_id from genes union select entrez_id from category_genes
);
