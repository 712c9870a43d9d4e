-- Probe selection: the statistics that selection rules use, and published tables about probes.

-- name: statistics_of_probes
-- Every probe with expression data, and the statistics that selection rules use.
from probe_statistics order by probe_id;

-- name: statistics_by_donor
-- Count, mean and variance of the chosen probes in each donor.
from probe_statistics_by_donor semi join chosen_probes using (probe_id) order by donor_id, probe_id;

-- name: count_rnaseq_agreement
-- The number of probes in the table of agreement with RNA-seq.
select count(*) from rnaseq_agreement;

-- name: count_reannotations
-- The number of probes in the re-annotation.
select count(*) from reannotations;

-- name: count_present_calls
-- The number of rows of present calls.
select count(*) from present_calls;

-- name: stability_is_stored
-- Whether differential stability is stored.
select count(*) > 0 from probe_stability;

-- name: stored_stability
-- The stored differential stability of each probe.
select probe_id, diff_stability from probe_stability;

-- name: forget_stability
-- Delete differential stability, which is not valid for data that are being loaded.
delete from probe_stability;

-- name: store_stability
-- Insert the differential stability of some probes; null if it is undefined.
insert into probe_stability
select probe_id, if(isnan(diff_stability), null, diff_stability) from incoming_stability;

-- name: insert_rnaseq_agreement
-- Insert the table of agreement with RNA-seq.
insert into rnaseq_agreement by name select * from incoming_table_of_probes;

-- name: insert_reannotations
-- Insert the re-annotation.
insert into reannotations by name select * from incoming_table_of_probes;

-- name: count_rows_without_probes
-- The number of rows of a published table whose probes are not in this database.
select count(*) from incoming_table_of_probes anti join probes using (probe_name);

-- name: facts_of_probes
-- What decides whether each probe that measures a gene by Allen's annotation can represent one: its gene, what the
-- re-annotation says, and its statistics.
select
    probes.probe_id,
    probes.probe_name,
    genes.gene_id,
    genes.entrez_id,
    reannotations.gene_symbol as reannotated_symbol,
    coalesce(reannotated.gene_id, 0) as reannotated_gene_id,
    probe_statistics.n,
    probe_statistics.mean_log2,
    probe_statistics.present_fraction
from probes
join genes using (gene_id)
left join reannotations using (probe_name)
left join (from probe_genes where annotation = 'reannotated') as reannotated using (probe_id)
left join probe_statistics using (probe_id)
order by probes.probe_id;
