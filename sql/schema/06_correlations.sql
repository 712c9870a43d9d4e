-- Macros for the bare shell: the correlates of a gene or a probe, and r. They give what the command line gives, in
-- double precision.
--
-- A parameter that is a column of the caller could meet a column of ours of the same name: a limit refuses columns. It
-- stands by itself (constants), because what is below a limit is not kept but computed each time it is named.
--
-- A database is opened by every DuckDB from 1.4.2 on. So there is no if() here, which 2.0 stores under a name that
-- older ones do not know, and no scalar macro with a subquery is called by another, which 1.4 cannot copy.

-- An r that rounding did not take past 1.
create or replace macro clipped(r) as case when r > 1 then 1 when r < -1 then -1 else r end;

-- The correlates of a gene or a probe, highest r first: genes for a gene, each by its representative probe, probes
-- for a probe. Only those of a category; over the samples of a structure and what is below it, or of one donor.
--
-- Count, mean and squared deviations of whole rows are stored, so that one product with the centred seed is left to do.
-- Where samples are chosen, or any row has a gap, they are taken over the samples that both know. Which of the two is
-- decided once for all rows: list_dot_product refuses every row of a block in which any list has a null. Donors are
-- then pooled about the common means.
create or replace macro correlates(seed, category := null, structure := null, donor := null, top := 50) as table
    with constants as (
        select 1 limit case when concat(seed, category, structure, donor, top) is null then 1 else 1 end
    ),
    representatives as materialized (
        select gene_id, probe_id from representative_probes
    ),
    asked as materialized (
        select level, coalesce(called.probe_id, representatives.probe_id) as probe_id, called.gene_id
        from seed_called(seed) as called
        left join representatives on representatives.gene_id = called.gene_id
    ),
    chosen_donors as materialized (
        select donor_id
        from donors
        where donor is null or donor_id = as_id(donor) or lower(donor_name) = lower(stripped(donor))
    ),
    chosen_samples as (
        select donor_id, list_sort(list(position)) as positions
        from samples
        semi join chosen_donors using (donor_id)
        where structure is null or structure_id in (select structure_id from structures_below(structure))
        group by donor_id
    ),
    seed_samples as (
        select
            expression.donor_id,
            expression.log2,
            list_filter(chosen_samples.positions, lambda i: expression.log2[i] is not null) as positions
        from expression
        join chosen_samples using (donor_id)
        where expression.probe_id = (select probe_id from asked)
    ),
    seed_values as materialized (
        select
            donor_id,
            len(log2) as samples,
            positions,
            list_transform(positions, lambda i: log2[i]::double) as x
        from seed_samples
        where len(positions) > 0
    ),
    seed_means as materialized (
        select *, list_avg(x) as mean_x from seed_values
    ),
    seed_rows as materialized (
        select
            donor_id,
            samples,
            positions,
            mean_x,
            list_var_pop(x) * len(x) as squares_x,
            list_transform(x, lambda value: value - mean_x) as x
        from seed_means
    ),
    gaps as materialized (
        select exists (
            from expression join seed_rows using (donor_id) where expression.n < seed_rows.samples
        ) as has_gaps
    ),
    method as materialized (
        select
            any_value(has_gaps) as has_gaps,
            not any_value(has_gaps) and bool_and(len(x) = samples) as takes_whole_rows
        from seed_rows
        cross join gaps
    ),
    member_probes as materialized (
        select probe_id
        from category_named(category)
        join category_genes using (category_id)
        join genes on genes.current_entrez_id = category_genes.entrez_id
        join probes using (gene_id)
        semi join expression using (probe_id)
    ),
    problems as materialized (
        select
            case
                when top < 1 then error(concat('top is ', top, ': expected 1 or more, or NULL for all.'))
                when (select probe_id from asked) is null or not exists (
                    from expression where probe_id = (select probe_id from asked)
                )
                    then error(concat('no probe of ', seed, ' has expression data in this database.'))
                when not exists (from chosen_donors)
                    then error(concat('donor ', donor, ' is not loaded. FROM donor_summary lists those that are.'))
                when (donor is not null or structure is not null) and coalesce(sum(len(x)), 0) < 10
                    then error(concat(coalesce(sum(len(x)), 0), ' samples are left; r of fewer than 10 says nothing. ',
                        'FROM structure_tree says how many there are.'))
                when category is not null and not exists (from member_probes)
                    then error(concat('none of the genes of ', category, ' is loaded. Load downloads that hold them.'))
            end as problem
        from seed_rows
    ),
    answering as materialized (
        select probe_id
        from probes
        semi join expression using (probe_id)
        where (select problem from problems) is null
            and (category is null or probe_id in (from member_probes))
            and case (select level from asked)
                when 'probe' then probe_id <> (select probe_id from asked)
                else gene_id <> (select gene_id from asked) and probe_id in (select probe_id from representatives)
            end
    ),
    paired as (
        select
            expression.probe_id,
            expression.n,
            expression.mean_log2,
            expression.squared_deviations,
            expression.log2,
            seed_rows.mean_x,
            seed_rows.squares_x,
            seed_rows.x,
            case
                when not (select takes_whole_rows from method)
                then list_transform(seed_rows.positions, lambda i: expression.log2[i]::double)
            end as y
        from expression
        join seed_rows using (donor_id)
        semi join answering using (probe_id)
    ),
    centred as (
        select
            *,
            list_avg(y) as mean_y,
            case
                when (select has_gaps from method)
                then list_transform(x, lambda value, i: case when y[i] is not null then value end)
            end as shared_x
        from paired
    ),
    sums as materialized (
        select
            probe_id,
            case when (select takes_whole_rows from method) then n else list_count(y) end as n,
            case when (select takes_whole_rows from method) then mean_log2 else mean_y end as mean_y,
            case
                when (select takes_whole_rows from method) then squared_deviations
                else list_var_pop(y) * list_count(y)
            end as squares_y,
            case when (select has_gaps from method) then mean_x + list_avg(shared_x) else mean_x end as mean_x,
            case
                when (select has_gaps from method) then list_var_pop(shared_x) * list_count(shared_x)
                else squares_x
            end as squares_x,
            case
                when (select takes_whole_rows from method) then list_dot_product(log2::double[], x)
                when (select has_gaps from method)
                then list_dot_product(list_transform(y, lambda value: coalesce(value - mean_y, 0)), x)
                else list_dot_product(y, x)
            end as products
        from centred
    ),
    means as (
        select
            probe_id,
            sum(n)::integer as n,
            sum(n * mean_x) / nullif(sum(n), 0) as mean_x,
            sum(n * mean_y) / nullif(sum(n), 0) as mean_y
        from sums
        group by probe_id
    ),
    pooled as (
        select
            means.probe_id,
            means.n,
            sum(sums.squares_x + sums.n * (sums.mean_x - means.mean_x) ** 2) as squares_x,
            sum(sums.squares_y + sums.n * (sums.mean_y - means.mean_y) ** 2) as squares_y,
            sum(sums.products + sums.n * (sums.mean_x - means.mean_x) * (sums.mean_y - means.mean_y)) as products
        from means
        join sums using (probe_id)
        group by means.probe_id, means.n
    ),
    measured as (
        select
            answering.probe_id,
            coalesce(pooled.n, 0) as n,
            case
                when n >= 4 and squares_x > 0 and squares_y > 0
                then clipped(products / sqrt(squares_x) / sqrt(squares_y))
            end as r
        from answering
        left join pooled using (probe_id)
    ),
    placed as (
        select *, row_number() over (order by r desc nulls last, probe_id) as place from measured
    )
    select
        case when r is not null then place end as rank,
        placed.probe_id,
        probes.probe_name,
        genes.gene_symbol,
        genes.gene_name,
        genes.entrez_id,
        placed.r,
        placed.n
    from placed
    join probes using (probe_id)
    left join genes using (gene_id)
    where exists (from constants) and (top is null or place <= greatest(top, 1))
    order by place;

-- The values of two genes or probes in every sample that both know. Only equalities join, so that r may be asked of
-- many names at once, such as the symbols of a table.
create or replace macro values_of_both(a, b) as table
    with in_each as (
        select
            rows_of_a.donor_id,
            unnest(rows_of_a.log2)::double as x,
            unnest(rows_of_b.log2)::double as y
        from find_seed(a) as seed_a
        join expression as rows_of_a on rows_of_a.probe_id = seed_a.probe_id
        join expression as rows_of_b on rows_of_b.donor_id = rows_of_a.donor_id
        join find_seed(b) as seed_b on seed_b.probe_id = rows_of_b.probe_id
    )
    select donor_id, x, y from in_each where x is not null and y is not null;

-- r of two genes or probes over all samples.
create or replace macro r(a, b) as (
    select case when count(*) >= 4 and var_pop(x) > 0 and var_pop(y) > 0 then clipped(corr(x, y)) end
    from values_of_both(a, b)
);

-- r of two genes or probes in each donor.
create or replace macro r_by_donor(a, b) as table
    with measured as (
        select
            donor_id,
            case when count(*) >= 4 and var_pop(x) > 0 and var_pop(y) > 0 then clipped(corr(x, y)) end as r,
            count(*)::integer as n
        from values_of_both(a, b)
        group by donor_id
    )
    select
        seed_a.probe_name as probe_a,
        seed_b.probe_name as probe_b,
        coalesce(donors.donor_name, donors.donor_id::varchar) as donor,
        measured.r,
        coalesce(measured.n, 0) as n
    from find_seed(a) as seed_a
    cross join find_seed(b) as seed_b
    cross join donors
    left join measured using (donor_id)
    order by donors.donor_id;

-- r of every gene of a category with every other, in long form, each gene by its representative probe.
--
-- Of profiles without a gap r is the product of the standardised profiles; of others it is taken over the samples
-- that both know. Each pair is computed once and told in both directions.
create or replace macro correlation_matrix(category, max_rows := 5000) as table
    with constants as (
        select 1 limit case when concat(category, max_rows) is null then 1 else 1 end
    ),
    members_here as materialized (
        select
            genes.gene_id,
            representative_probes.probe_id,
            case
                when count(*) over (partition by genes.gene_symbol) = 1 then genes.gene_symbol
                else concat(genes.gene_symbol, ' (', genes.entrez_id, ')')
            end as name
        from category_named(coalesce(category::varchar, ''))
        join category_genes using (category_id)
        join genes on genes.current_entrez_id = category_genes.entrez_id
        join representative_probes using (gene_id)
    ),
    problems as materialized (
        select
            case
                when count(*) = 0
                    then error(concat('none of the genes of ', category, ' is loaded. Load downloads that hold them.'))
                when count(*) > max_rows
                    then error(concat(count(*), ' genes have ', count(*) * count(*), ' values of r, and the limit is ',
                        max_rows, ' genes. max_rows := ', count(*), ' lifts it.'))
            end as problem
        from members_here
    ),
    widths as materialized (
        select donor_id, count(*)::integer as samples from samples group by donor_id
    ),
    profiles as materialized (
        select gene_id, flatten(list(log2 order by donor_id)) as x
        from (
            select members_here.gene_id, expression.donor_id, expression.log2::double[] as log2
            from members_here
            join expression using (probe_id)
            where (select problem from problems) is null
            union all
            select members_here.gene_id, widths.donor_id, list_transform(range(widths.samples), lambda i: null::double)
            from members_here
            cross join widths
            anti join expression
                on expression.probe_id = members_here.probe_id and expression.donor_id = widths.donor_id
        )
        group by gene_id
    ),
    described as materialized (
        select gene_id, x, list_avg(x) as mean_x, sqrt(list_var_pop(x) * list_count(x)) as norm
        from profiles
    ),
    standardised as materialized (
        select
            gene_id,
            norm > 0 as varies,
            list_transform(x, lambda value: coalesce((value - mean_x) / nullif(norm, 0), 0)) as z,
            list_transform(x, lambda value: case when value is null then 0 else 1 end::double) as known
        from described
    ),
    with_squares as materialized (
        select *, list_transform(z, lambda value: value * value) as squares from standardised
    ),
    gaps as materialized (
        select coalesce(bool_or(list_count(x) < len(x)), false) as has_gaps from profiles
    ),
    pairs as (
        select
            of_a.gene_id as gene_id_a,
            of_b.gene_id as gene_id_b,
            of_a.varies and of_b.varies as vary,
            case
                when (select has_gaps from gaps) then list_dot_product(of_a.known, of_b.known)::integer
                else len(of_a.known)
            end as n,
            case when of_a.gene_id <= of_b.gene_id then list_dot_product(of_a.z, of_b.z) end as products,
            case when (select has_gaps from gaps) then list_dot_product(of_a.z, of_b.known) else 0 end as sum_a,
            case when (select has_gaps from gaps) then list_dot_product(of_b.z, of_a.known) else 0 end as sum_b,
            case
                when (select has_gaps from gaps) then list_dot_product(of_a.squares, of_b.known) else 1
            end as squares_a,
            case
                when (select has_gaps from gaps) then list_dot_product(of_b.squares, of_a.known) else 1
            end as squares_b
        from with_squares as of_a
        cross join with_squares as of_b
    ),
    -- About the means over the samples that both know; what rounding leaves of a constant is none.
    about_means as (
        select
            gene_id_a,
            gene_id_b,
            vary,
            n,
            products - sum_a * sum_b / n as products,
            squares_a - sum_a * sum_a / n as squares_a,
            squares_b - sum_b * sum_b / n as squares_b,
            squares_a * 1e-13 as nothing_a,
            squares_b * 1e-13 as nothing_b
        from pairs
    ),
    measured as materialized (
        select
            gene_id_a,
            gene_id_b,
            n,
            case
                when vary and n >= 4 and squares_a > nothing_a and squares_b > nothing_b
                then products / sqrt(squares_a * squares_b)
            end as r
        from about_means
    ),
    in_both_directions as (
        select gene_id_a, gene_id_b, r, n from measured where gene_id_a <= gene_id_b
        union all
        select gene_id_b, gene_id_a, r, n from measured where gene_id_a < gene_id_b
    )
    select
        row_genes.name as gene_a,
        column_genes.name as gene_b,
        clipped(r) as r,
        n
    from in_both_directions
    join members_here as row_genes on row_genes.gene_id = gene_id_a
    join members_here as column_genes on column_genes.gene_id = gene_id_b
    where exists (from constants)
    order by gene_id_a, gene_id_b;
