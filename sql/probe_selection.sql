-- Representatives: which probes may stand for a gene, and what the rules choose by.

-- name: statistics_of_probes
-- Every probe with expression data, and the statistics that selection rules use.
from probe_statistics order by probe_id;

-- name: statistics_by_donor
-- Count, mean and variance of the chosen probes in each donor.
from probe_statistics_by_donor semi join chosen_probes using (probe_id) order by donor_id, probe_id;

-- name: count_rnaseq_agreement
-- How many probes the table of agreement with RNA-seq holds.
select count(*) from rnaseq_agreement;

-- name: count_reannotations
-- How many probes the re-annotation holds.
select count(*) from reannotations;

-- name: count_present_calls
-- How many rows of present calls are loaded.
select count(*) from present_calls;

-- name: stability_is_stored
-- Whether differential stability is stored for what is loaded.
select count(*) > 0 from probe_stability;

-- name: stored_stability
-- What is stored of the differential stability of each probe.
select probe_id, diff_stability from probe_stability;

-- name: forget_stability
-- Differential stability no longer holds: something was loaded.
delete from probe_stability;

-- name: store_stability
-- Keep the differential stability of some probes; null for those that have none.
insert into probe_stability
select probe_id, if(isnan(diff_stability), null, diff_stability) from incoming_stability;

-- name: insert_rnaseq_agreement
-- Keep the table of agreement with RNA-seq.
insert into rnaseq_agreement by name select * from incoming_table;

-- name: insert_reannotations
-- Keep the re-annotation.
insert into reannotations by name select * from incoming_table;

-- name: count_rows_without_probe
-- How many rows of a published table are of probes that are not in this database.
select count(*) from incoming_table anti join probes using (probe_name);
