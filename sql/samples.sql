-- Samples: pieces of tissue, each of one donor.

-- name: samples_that_differ
-- Samples of a download that have another donor, structure or voxel in the database.
select
    incoming_samples.sample_id,
    concat_ws(' ', 'donor', samples.donor_id, 'structure', samples.structure_id, 'voxel',
        samples.mri_voxel_x, samples.mri_voxel_y, samples.mri_voxel_z) as stored,
    concat_ws(' ', 'donor', incoming_samples.donor_id, 'structure', incoming_samples.structure_id, 'voxel',
        incoming_samples.mri_voxel_x, incoming_samples.mri_voxel_y, incoming_samples.mri_voxel_z) as incoming
from incoming_samples
join samples using (sample_id)
where samples.donor_id <> incoming_samples.donor_id
    or samples.structure_id <> incoming_samples.structure_id
    or samples.mri_voxel_x <> incoming_samples.mri_voxel_x
    or samples.mri_voxel_y <> incoming_samples.mri_voxel_y
    or samples.mri_voxel_z <> incoming_samples.mri_voxel_z
order by sample_id;

-- name: merge_samples
-- Insert the samples of a download, each at the next free position of its donor, and fill in what is missing for
-- samples that are already in the database.
with last_positions as (
    select donor_id, max(position) as position from samples group by donor_id
),
new_positions as (
    select
        incoming_samples.sample_id,
        coalesce(last_positions.position, 0)
            + row_number() over (partition by incoming_samples.donor_id order by incoming_samples.sample_id)
            as position
    from incoming_samples
    anti join samples using (sample_id)
    left join last_positions using (donor_id)
)
insert into samples by name
select incoming_samples.*, coalesce(new_positions.position, samples.position) as position
from incoming_samples
left join new_positions using (sample_id)
left join samples using (sample_id)
on conflict do update set
    slab_num = coalesce(slab_num, excluded.slab_num),
    slab_type = coalesce(slab_type, excluded.slab_type),
    polygon_id = coalesce(polygon_id, excluded.polygon_id),
    mri_voxel_x = coalesce(mri_voxel_x, excluded.mri_voxel_x),
    mri_voxel_y = coalesce(mri_voxel_y, excluded.mri_voxel_y),
    mri_voxel_z = coalesce(mri_voxel_z, excluded.mri_voxel_z),
    mni_x = coalesce(mni_x, excluded.mni_x),
    mni_y = coalesce(mni_y, excluded.mni_y),
    mni_z = coalesce(mni_z, excluded.mni_z);

-- name: positions_of_samples
-- The position of each sample of a download among the samples of its donor.
select samples.sample_id, samples.position
from samples
semi join incoming_samples using (sample_id);

-- name: sample_counts
-- The number of samples of each donor.
select donor_id, count(*)::integer as samples from samples group by donor_id order by donor_id;

-- name: all_samples
-- Every sample, in the order of the columns of a matrix.
select donor_id, position, structure_id from samples order by donor_id, position;

-- name: chosen_samples
-- The samples of a query, in the order of the columns of a matrix: those of requested_donors or all donors, of
-- chosen_structures or all structures, and of one hemisphere or both.
select samples.donor_id, samples.position, samples.structure_id
from samples
left join structures using (structure_id)
where ($all_donors or samples.donor_id in (select donor_id from requested_donors))
    and ($all_structures or samples.structure_id in (select structure_id from chosen_structures))
    and ($hemisphere is null or coalesce(structures.hemisphere, side_of_name(structures.name)) = $hemisphere)
order by samples.donor_id, samples.position;

-- name: labels_of_samples
-- Every sample with the names of its donor and structure, in the order of the columns of a matrix.
select
    sample_id,
    coalesce(donor_name, donor_id::varchar) as donor,
    structure_id,
    acronym,
    structure_name,
    hemisphere,
    mni_x,
    mni_y,
    mni_z
from sample_details
order by donor_id, position;

-- name: coordinates_of_samples
-- Every sample in the order of the columns of a matrix, with its MNI coordinates in mm: those of the download, and the
-- corrected ones, null where there are none.
select
    samples.sample_id,
    samples.mni_x,
    samples.mni_y,
    samples.mni_z,
    corrected_coordinates.mni_x as corrected_mni_x,
    corrected_coordinates.mni_y as corrected_mni_y,
    corrected_coordinates.mni_z as corrected_mni_z
from samples
left join corrected_coordinates using (sample_id)
order by samples.donor_id, samples.position;

-- name: count_corrected_coordinates
-- The number of samples with corrected coordinates, also of those that are not loaded.
select count(*) from corrected_coordinates;

-- name: insert_corrected_coordinates
-- Insert the corrected coordinates.
insert into corrected_coordinates by name select * from incoming_table_of_samples;

-- name: count_samples
-- The number of samples.
select count(*) from samples;

-- name: count_rows_without_samples
-- The number of rows of a published table whose samples are not in this database.
select count(*) from incoming_table_of_samples anti join samples using (sample_id);

-- name: structures_of_samples
-- The structure of every sample, with Allen's color and place in the tree, and its top-level structure, in the order of
-- the columns of a matrix.
select
    samples.structure_id,
    structures.acronym,
    structures.name,
    structures.color_hex_triplet as color,
    coalesce(structures.graph_order, structures.structure_id) as place,
    top_level.structure_id as top_level_id,
    top_level.acronym as top_level_acronym,
    top_level.name as top_level_name,
    top_level.color_hex_triplet as top_level_color,
    coalesce(top_level.graph_order, top_level.structure_id) as top_level_place
from samples
left join structures using (structure_id)
left join top_level_structures using (structure_id)
left join structures as top_level on top_level.structure_id = top_level_structures.top_level_structure_id
order by samples.donor_id, samples.position;
