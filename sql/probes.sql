-- Probes, and which of them a question is about.
--
-- Choosing and reading are apart: a query `choose_...` fills the temporary table chosen_probes, and
-- the queries that read names or expression join it.

-- name: probes_that_differ
-- Probes of a download that the database knows by another name, id or gene.
with same_id as (
    select incoming_probes.*, probes.probe_id as stored_id, probes.probe_name as stored_name, probes.gene_id as stored_gene
    from incoming_probes
    join probes using (probe_id)
    where probes.probe_name <> incoming_probes.probe_name
        or probes.gene_id is distinct from incoming_probes.gene_id
),
same_name as (
    select incoming_probes.*, probes.probe_id as stored_id, probes.probe_name as stored_name, probes.gene_id as stored_gene
    from incoming_probes
    join probes using (probe_name)
    where probes.probe_id <> incoming_probes.probe_id
)
select
    probe_id,
    concat(stored_name, ' (', stored_id, ') of gene ', stored_gene) as stored,
    concat(probe_name, ' (', probe_id, ') of gene ', gene_id) as incoming
from (from same_id union from same_name)
order by probe_id;

-- name: probes_not_in_every_donor
-- Probes that only the full-donor download, or only the full-donor downloads before it, hold. Those
-- are what present calls come from.
with stored as (
    select distinct probe_id from present_calls
),
only_here as (
    select probe_id, 'only in this download' as side from incoming_probes anti join stored using (probe_id)
    where exists (from stored)
),
only_there as (
    select probe_id, 'missing from this download' as side from stored anti join incoming_probes using (probe_id)
)
from only_here
union all
from only_there
order by probe_id;

-- name: merge_probes
-- Add the probes of a download that are not here yet.
insert into probes by name
select * from incoming_probes anti join probes using (probe_id);

-- name: probes_called
-- The probe whose name is $name in any case, or whose id is $number.
select probes.probe_id, probes.probe_name, probes.gene_id, genes.gene_symbol
from probes
left join genes using (gene_id)
where upper(probes.probe_name) = upper($name) or probes.probe_id = $number
order by probes.probe_id;

-- name: probes_of_gene
-- The probes of a gene, the representative first, then by mean log2 intensity.
select probes.probe_id, probes.probe_name
from probes
join probe_statistics using (probe_id)
join representative_probes using (gene_id)
where probes.gene_id = $gene_id
order by
    probes.probe_id = representative_probes.probe_id desc,
    probe_statistics.mean_log2 desc,
    probes.probe_id;

-- name: create_chosen_probes
-- The probes that a question is about, as a table that reading joins.
create or replace temp table chosen_probes (probe_id integer not null);

-- name: choose_all_probes
-- Every probe with expression.
insert into chosen_probes
select distinct probe_id from expression;

-- name: choose_representative_probes
-- The representative probe of every gene, but for the gene of the seed the probe of the seed.
insert into chosen_probes
select if(gene_id = $gene_id, $probe_id, probe_id)
from representative_probes;

-- name: chosen_probe_ids
-- Every chosen probe with its gene, ascending by probe_id, and whether that is among the chosen genes.
select probe_id, gene_id, coalesce(gene_id in (select gene_id from chosen_genes), false) as is_member
from chosen_probes
join probes using (probe_id)
order by probe_id;

-- name: labels_of_reported_probes
-- Names and gene of the probes that are reported.
select probe_id, probes.probe_name, genes.gene_symbol, genes.gene_name, genes.entrez_id
from reported_probes
join probes using (probe_id)
left join genes using (gene_id);
