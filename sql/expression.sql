-- Expression and present calls: one list of values per donor and probe, ordered by position.

-- name: pad_expression
-- Extend every row of a donor to $samples values; those of added samples are null.
update expression set log2 = list_resize(log2, $samples)
where donor_id = $donor_id and len(log2) < $samples;

-- name: pad_present_calls
-- Extend every row of present calls of a donor to $samples values; those of added samples are null.
update present_calls set present = list_resize(present, $samples)
where donor_id = $donor_id and len(present) < $samples;

-- name: stored_expression
-- The stored expression of a donor for the probes of a download.
select probe_id, log2 from expression semi join incoming_probes using (probe_id)
where donor_id = $donor_id;

-- name: stored_present_calls
-- The stored present calls of a donor for the probes of a download.
select probe_id, present from present_calls semi join incoming_probes using (probe_id)
where donor_id = $donor_id;

-- name: delete_expression
-- Delete the expression of a donor that will be written again.
delete from expression
where donor_id = $donor_id and probe_id in (select probe_id from rewritten_probes);

-- name: delete_present_calls
-- Delete the present calls of a donor that will be written again.
delete from present_calls
where donor_id = $donor_id and probe_id in (select probe_id from rewritten_probes);

-- name: insert_expression
-- Insert expression of a donor, ordered by probe_id.
insert into expression by name
select $donor_id as donor_id, * from incoming_expression;

-- name: insert_present_calls
-- Insert present calls of a donor, ordered by probe_id.
insert into present_calls by name
select $donor_id as donor_id, * from incoming_present_calls;

-- name: expression_of_chosen_probes
-- The expression of the chosen probes in some donors.
select donor_id, probe_id, log2
from expression
semi join chosen_probes using (probe_id)
where list_contains($donor_ids, donor_id);

-- name: moments_of_expression
-- Count, mean and squared deviations of every row of expression, which identify the values of a database.
select donor_id, probe_id, n, mean_log2, squared_deviations from expression order by donor_id, probe_id;

-- name: name_of_value
-- The names of the probe and the sample of one stored value.
select probes.probe_name, samples.sample_id
from probes, samples
where probes.probe_id = $probe_id and samples.donor_id = $donor_id and samples.position = $position;
