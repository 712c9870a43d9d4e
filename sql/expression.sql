-- Expression and present calls: one list of values per donor and probe, ordered by position.

-- name: pad_expression
-- Give every row of a donor room for samples that were added: unknown until a download tells.
update expression set log2 = list_resize(log2, $samples)
where donor_id = $donor_id and len(log2) < $samples;

-- name: pad_present_calls
-- The same for present calls.
update present_calls set present = list_resize(present, $samples)
where donor_id = $donor_id and len(present) < $samples;

-- name: stored_expression
-- What is stored of a donor for the probes of a download.
select probe_id, log2 from expression semi join incoming_probes using (probe_id)
where donor_id = $donor_id;

-- name: stored_present_calls
-- The same for present calls.
select probe_id, present from present_calls semi join incoming_probes using (probe_id)
where donor_id = $donor_id;

-- name: delete_expression
-- Remove the rows of a donor that are about to be written anew.
delete from expression
where donor_id = $donor_id and probe_id in (select probe_id from rewritten_probes);

-- name: delete_present_calls
-- The same for present calls.
delete from present_calls
where donor_id = $donor_id and probe_id in (select probe_id from rewritten_probes);

-- name: insert_expression
-- Add rows of a donor, ascending by probe_id.
insert into expression by name
select $donor_id as donor_id, * from incoming_expression;

-- name: insert_present_calls
-- The same for present calls.
insert into present_calls by name
select $donor_id as donor_id, * from incoming_present_calls;

-- name: expression_of_chosen_probes
-- The expression of the chosen probes in some donors.
select donor_id, probe_id, log2
from expression
semi join chosen_probes using (probe_id)
where list_contains($donor_ids, donor_id);

-- name: name_of_value
-- The probe and the sample that one stored value belongs to.
select probes.probe_name, samples.sample_id
from probes, samples
where probes.probe_id = $probe_id and samples.donor_id = $donor_id and samples.position = $position;
