-- Probes and genes: statistics over all donors, the representative probe of each gene, and the gene that each probe
-- measures.

-- The number of values of every probe that are not null, and their mean, over all donors.
create or replace view probe_means as
select
    probe_id,
    sum(n)::integer as n,
    fsum(n * mean_log2) / sum(n) as mean_log2
from expression
group by probe_id;

-- Count, mean and variance of every probe in every donor.
create or replace view probe_statistics_by_donor as
select donor_id, probe_id, n, mean_log2, squared_deviations / nullif(n - 1, 0) as variance_log2
from expression;

-- Statistics of every probe with expression data, all donors pooled. The variance combines those of the donors (Chan,
-- Golub and LeVeque 1979); present_fraction is the fraction of samples called present; rnaseq_r and rnaseq_q come from
-- the published comparison with RNA-seq.
create or replace view probe_statistics as
with present_fractions as (
    select probe_id, sum(n_present) / nullif(sum(n), 0) as present_fraction
    from present_calls
    group by probe_id
),
pooled_statistics as (
    select
        probe_means.probe_id,
        probe_means.n,
        probe_means.mean_log2,
        fsum(expression.squared_deviations + expression.n * (expression.mean_log2 - probe_means.mean_log2) ** 2)
            / nullif(probe_means.n - 1, 0) as variance_log2
    from probe_means
    join expression using (probe_id)
    group by probe_means.probe_id, probe_means.n, probe_means.mean_log2
)
select
    pooled_statistics.*,
    present_fractions.present_fraction,
    probe_stability.diff_stability,
    rnaseq_agreement.r as rnaseq_r,
    rnaseq_agreement.q as rnaseq_q
from pooled_statistics
left join present_fractions using (probe_id)
left join probe_stability using (probe_id)
left join probes using (probe_id)
left join rnaseq_agreement using (probe_name);

-- The representative probe of each gene: among the probes with values in the most samples (means over different
-- samples are not comparable), the one with the highest mean log2 intensity; ties go to the smallest probe_id.
create or replace view representative_probes as
select
    probes.gene_id,
    arg_max(probes.probe_id, (probe_means.n, probe_means.mean_log2, -probes.probe_id)) as probe_id,
    count(*)::integer as candidates
from probes
join probe_means using (probe_id)
where probes.gene_id is not null
group by probes.gene_id;

-- The genes of the atlas, and those that only the re-annotation names, whose gene_id is the negative of their Entrez
-- id. current_entrez_id is the id that replaced a retired one, or else entrez_id; it joins genes to categories.
create or replace view all_genes as
select
    gene_id,
    gene_symbol,
    gene_name,
    entrez_id,
    current_entrez_id,
    chromosome,
    'allen' as named_by
from genes
union all
select -entrez_id, min(gene_symbol), null, entrez_id, entrez_id, null, 'reannotated'
from reannotations
where entrez_id is not null and entrez_id not in (select entrez_id from genes where entrez_id is not null)
group by entrez_id;

-- The gene that each probe measures, by Allen's annotation or by the re-annotation.
create or replace view probe_genes as
select 'allen' as annotation, probe_id, gene_id
from probes
where gene_id is not null
union all
select 'reannotated', probes.probe_id, genes_by_id.gene_id
from probes
join reannotations using (probe_name)
join (select entrez_id, min(gene_id) as gene_id from all_genes group by entrez_id) as genes_by_id using (entrez_id);

-- A probe with its gene, its statistics, and whether it is the representative probe of the gene.
create or replace view probe_summary as
select
    probes.probe_id,
    probes.probe_name,
    probes.gene_id,
    genes.gene_symbol,
    genes.gene_name,
    genes.entrez_id,
    coalesce(representative_probes.probe_id = probes.probe_id, false) as is_representative,
    probe_statistics.n,
    probe_statistics.mean_log2,
    probe_statistics.variance_log2,
    probe_statistics.present_fraction,
    probe_statistics.diff_stability,
    probe_statistics.rnaseq_r,
    probe_statistics.rnaseq_q
from probes
left join genes using (gene_id)
left join representative_probes on representative_probes.gene_id = probes.gene_id
left join probe_statistics on probe_statistics.probe_id = probes.probe_id;

-- A gene with the number of its probes and the statistics of its representative probe.
create or replace view gene_summary as
with probe_counts as (
    select gene_id, count(*)::integer as probes, count(n)::integer as probes_with_expression
    from probe_summary
    group by gene_id
)
select
    genes.gene_id,
    genes.gene_symbol,
    genes.gene_name,
    genes.entrez_id,
    genes.current_entrez_id,
    genes.chromosome,
    coalesce(probe_counts.probes, 0) as probes,
    coalesce(probe_counts.probes_with_expression, 0) as probes_with_expression,
    representative.probe_id as representative_probe_id,
    representative.probe_name as representative_probe,
    representative.mean_log2,
    representative.variance_log2,
    representative.present_fraction,
    representative.diff_stability
from genes
left join probe_counts using (gene_id)
left join (select * from probe_summary where is_representative) as representative using (gene_id);
