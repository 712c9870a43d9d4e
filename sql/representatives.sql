-- Representatives: which probes may stand for a gene, and what the rules choose by.

-- name: facts_of_probes
-- Every probe with expression, and the numbers that rules choose by.
select
    probe_statistics.probe_id,
    probe_statistics.n,
    probe_statistics.mean_log2,
    probe_statistics.variance_log2,
    probe_statistics.present_fraction,
    probe_statistics.diff_stability,
    rnaseq_agreement.r as rnaseq_r,
    rnaseq_agreement.q as rnaseq_q
from probe_statistics
left join probes using (probe_id)
left join rnaseq_agreement using (probe_name)
order by probe_statistics.probe_id;

-- name: statistics_by_donor
-- Count, mean and variance of the chosen probes in each donor.
select donor_id, probe_id, n, mean_log2, squared_deviations / nullif(n - 1, 0) as variance_log2
from expression
semi join chosen_probes using (probe_id)
order by donor_id, probe_id;

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
insert into rnaseq_agreement by name select * from incoming_facts;

-- name: insert_reannotations
-- Keep the re-annotation.
insert into reannotations by name select * from incoming_facts;

-- name: count_facts_without_probe
-- How many rows of a published table are of probes that are not in this database.
select count(*) from incoming_facts anti join probes using (probe_name);
