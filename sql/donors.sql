-- Donors.

-- name: donors_that_differ
-- Donors of a download that have another name in the database.
select incoming_donors.donor_id, donors.donor_name as stored, incoming_donors.donor_name as incoming
from incoming_donors
join donors using (donor_id)
where donors.donor_name <> incoming_donors.donor_name
order by donor_id;

-- name: merge_donors
-- Insert the donors of a download, and fill in what is missing for donors that are already in the database.
insert into donors by name
select * from incoming_donors
on conflict do update set
    donor_name = coalesce(donor_name, excluded.donor_name),
    age = coalesce(age, excluded.age),
    sex = coalesce(sex, excluded.sex),
    color = coalesce(color, excluded.color);

-- name: donor_contents
-- Every donor with its numbers of samples and probes.
select donor_id, donor_name, age, sex, samples, probes from donor_summary order by donor_id;

-- name: donor_names
-- The name of each donor, or its id if it has no name.
select donor_id, coalesce(donor_name, donor_id::varchar) as donor_name from donors order by donor_id;

-- name: donors_called
-- The donor whose name is $name in any case, or whose id is $number.
select donor_id, coalesce(donor_name, donor_id::varchar) as donor_name
from donors
where lower(donor_name) = lower($name) or donor_id = $number
order by donor_id;
