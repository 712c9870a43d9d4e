-- Views for users of the DuckDB shell: single values, and descriptions of categories, structures, samples, donors and
-- files.

-- Single values: one row per probe and sample. A condition on the probe or its gene is applied before lists are
-- unnested, so that a query of one probe does not read the whole atlas. present is null if no call is loaded.
create or replace view expression_values as
with rows_with_calls as (
    select
        probes.probe_id,
        probes.probe_name,
        genes.gene_symbol,
        expression.donor_id,
        expression.log2,
        present_calls.present
    from probes
    join expression on expression.probe_id = probes.probe_id
    join present_calls on present_calls.probe_id = probes.probe_id and present_calls.donor_id = expression.donor_id
    left join genes on genes.gene_id = probes.gene_id
    union all
    select probes.probe_id, probes.probe_name, genes.gene_symbol, expression.donor_id, expression.log2, null
    from probes
    join expression on expression.probe_id = probes.probe_id
    left join genes on genes.gene_id = probes.gene_id
    where not exists (
        from present_calls
        where present_calls.probe_id = expression.probe_id and present_calls.donor_id = expression.donor_id
    )
),
single_values as (
    select
        probe_id,
        probe_name,
        gene_symbol,
        donor_id,
        generate_subscripts(log2, 1)::integer as position,
        unnest(log2) as log2,
        unnest(present) as present
    from rows_with_calls
)
select
    single_values.probe_id,
    single_values.probe_name,
    single_values.gene_symbol,
    single_values.donor_id,
    samples.sample_id,
    samples.structure_id,
    single_values.log2,
    single_values.present
from single_values
join samples using (donor_id, position);

-- The probes of the genes of each category.
create or replace view category_probes as
select
    categories.category_id,
    categories.source,
    categories.accession,
    categories.name,
    category_genes.direct,
    category_genes.evidence,
    genes.gene_id,
    genes.gene_symbol,
    genes.entrez_id,
    probes.probe_id,
    probes.probe_name
from categories
join category_genes using (category_id)
join genes on genes.current_entrez_id = category_genes.entrez_id
join probes using (gene_id);

-- Each category with its numbers of genes: all, annotated to it directly, on the chip, and with expression data.
create or replace view category_coverage as
select
    categories.category_id,
    case
        when categories.is_shipped and categories.accession is not null then categories.accession
        else concat('id:', categories.category_id)
    end as id,
    categories.source,
    categories.release,
    categories.accession,
    categories.name,
    categories.is_shipped,
    count(category_genes.entrez_id)::integer as genes,
    (count(*) filter (category_genes.direct))::integer as direct,
    count(chip_genes.entrez_id)::integer as on_chip,
    (count(*) filter (chip_genes.has_expression))::integer as with_expression
from categories
left join category_genes using (category_id)
left join (from chip_genes where annotation = 'allen') as chip_genes
    on chip_genes.entrez_id = category_genes.entrez_id
group by
    categories.category_id,
    categories.source,
    categories.release,
    categories.accession,
    categories.name,
    categories.is_shipped;

-- Each structure with its place in the tree and its numbers of samples: in it, and in it and all structures below.
create or replace view structure_tree as
with own_samples as (
    select structure_id, count(*)::integer as samples from samples group by structure_id
),
all_samples as (
    select structure_id, sum(samples)::integer as samples from structure_samples group by structure_id
)
select
    structures.structure_id,
    structures.acronym,
    structures.name,
    coalesce(structures.hemisphere, side_of_name(structures.name)) as hemisphere,
    structures.parent_structure_id,
    greatest(0, len(string_split(trim(structures.structure_id_path, '/'), '/')) - 1)::integer as depth,
    coalesce(own_samples.samples, 0) as samples,
    coalesce(all_samples.samples, 0) as samples_in_and_below,
    structures.graph_order
from structures
left join own_samples using (structure_id)
left join all_samples using (structure_id)
order by structures.graph_order nulls last, structures.structure_id;

-- Each sample with the names of its donor and structure.
create or replace view sample_details as
select
    samples.sample_id,
    samples.donor_id,
    donors.donor_name,
    samples.position,
    samples.structure_id,
    structures.acronym,
    structures.name as structure_name,
    coalesce(structures.hemisphere, side_of_name(structures.name)) as hemisphere,
    samples.slab_num,
    samples.slab_type,
    samples.polygon_id,
    samples.mri_voxel_x,
    samples.mri_voxel_y,
    samples.mri_voxel_z,
    samples.mni_x,
    samples.mni_y,
    samples.mni_z
from samples
join donors using (donor_id)
left join structures using (structure_id);

-- Each donor with the numbers of samples, structures, probes and values that are loaded.
create or replace view donor_summary as
with sample_counts as (
    select donor_id, count(*)::integer as samples, count(distinct structure_id)::integer as structures
    from samples
    group by donor_id
),
value_counts as (
    select donor_id, count(*)::integer as probes, sum(n)::bigint as known_values from expression group by donor_id
)
select
    donors.donor_id,
    donors.donor_name,
    donors.age,
    donors.sex,
    coalesce(sample_counts.samples, 0) as samples,
    coalesce(sample_counts.structures, 0) as structures,
    coalesce(value_counts.probes, 0) as probes,
    coalesce(value_counts.known_values, 0) as known_values
from donors
left join sample_counts using (donor_id)
left join value_counts using (donor_id);

-- Each file that was loaded, with its size and SHA-256, and its download.
create or replace view ingested_files as
select
    downloads.kind,
    downloads.location,
    downloads.title,
    file.name,
    file.bytes,
    file.sha256,
    downloads.loaded_at,
    downloads.coexpr_version
from downloads, unnest(downloads.files) as files(file);
