-- Checks of the consistency of a database.

-- name: broken_rows
-- For each rule of consistency, the number of rows that violate it.
with widths as (
    select donor_id, count(*) as samples, min(position) as lowest, max(position) as highest
    from samples group by donor_id
)
select 'expression of a probe that is not there' as what, count(*) as broken
from expression anti join probes using (probe_id)
union all
select 'expression of a donor that is not there', count(*) from expression anti join donors using (donor_id)
union all
select 'expression of a probe and donor twice', count(*)
from (select donor_id, probe_id from expression group by donor_id, probe_id having count(*) > 1)
union all
select 'expression with another number of values than the donor has samples', count(*)
from expression left join widths using (donor_id)
where len(log2) is distinct from samples
union all
select 'expression whose stored count, mean or squared deviations are not those of its values', count(*)
from expression
where n is distinct from list_count(log2)
    or (abs(mean_log2 - list_sum(log2::double[]) / n) < 1e-9) is not true
    or (
        abs(squared_deviations - n * list_var_pop(log2::double[])) <= 1e-9 * greatest(1, squared_deviations)
    ) is not true
union all
select 'present calls without expression', count(*) from present_calls anti join expression using (donor_id, probe_id)
union all
select 'present calls with another number of values than the donor has samples', count(*)
from present_calls left join widths using (donor_id)
where len(present) is distinct from samples
union all
select 'present calls whose stored counts are not those of its calls', count(*)
from present_calls
where n is distinct from list_count(present)
    or n_present is distinct from list_count(list_filter(present, lambda call: call))
union all
select 'present calls of a probe and donor twice', count(*)
from (select donor_id, probe_id from present_calls group by donor_id, probe_id having count(*) > 1)
union all
select 'probe of a gene that is not there', count(*)
from probes anti join genes using (gene_id)
where probes.gene_id is not null
union all
select 'sample of a donor that is not there', count(*) from samples anti join donors using (donor_id)
union all
select 'sample of a structure that is not there', count(*) from samples anti join structures using (structure_id)
union all
select 'donor whose samples do not have the positions 1, 2, 3 and so on', count(*)
from widths
where (lowest, highest) <> (1, samples)
    or samples <> (select count(distinct position) from samples where samples.donor_id = widths.donor_id)
union all
select 'member of a category that is not there', count(*)
from category_genes anti join categories using (category_id);

-- name: hashes_of_small_tables
-- A hash of each table that no other check reads as a whole. Reading finds damaged blocks.
select 'categories' as name, bit_xor(hash(categories)) as hash from categories
union all
select 'category_edges', bit_xor(hash(category_edges)) from category_edges
union all
select 'category_genes', bit_xor(hash(category_genes)) from category_genes
union all
select 'category_names', bit_xor(hash(category_names)) from category_names
union all
select 'corrected_coordinates', bit_xor(hash(corrected_coordinates)) from corrected_coordinates
union all
select 'donors', bit_xor(hash(donors)) from donors
union all
select 'downloads', bit_xor(hash(downloads)) from downloads
union all
select 'genes', bit_xor(hash(genes)) from genes
union all
select 'name_matches', bit_xor(hash(name_matches)) from name_matches
union all
select 'reannotations', bit_xor(hash(reannotations)) from reannotations
union all
select 'releases', bit_xor(hash(releases)) from releases
union all
select 'rnaseq_agreement', bit_xor(hash(rnaseq_agreement)) from rnaseq_agreement
union all
select 'samples', bit_xor(hash(samples)) from samples
union all
select 'structures', bit_xor(hash(structures)) from structures;
