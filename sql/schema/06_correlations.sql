-- Correlations for users of the DuckDB shell, in double precision, with the same results as the command line.
-- The rules for macros (constants, NULL, versions of DuckDB) are at the top of 02_names.sql.

-- r limited to the range from -1 to 1, which rounding errors may exceed.
create or replace macro clipped(r) as case when r > 1 then 1 when r < -1 then -1 else r end;

-- The correlates of a gene or a probe, highest r first: for a gene, genes, each by its representative probe; for a
-- probe, probes. They can be limited to a category, and samples to a structure with those below it, or to one donor.
--
-- Count, mean and squared deviations of whole rows are stored, so only their product with the centred seed is computed.
-- If samples are selected, or any value is missing, all are computed over the samples in which both have values. This
-- is decided once for all rows, because list_dot_product fails for a block of rows in which any list contains a null.
-- The statistics of donors are then combined about the common means.
create or replace macro correlates(seed, category := null, structure := null, donor := null, top := 50) as table
    with constants as (
        select 1 limit case when concat(seed, category, structure, donor, top) is null then 1 else 1 end
    ),
    representatives as materialized (
        select gene_id, probe_id from representative_probes
    ),
    seed_probe as materialized (
        select level, coalesce(meaning.probe_id, representatives.probe_id) as probe_id, meaning.gene_id
        from seed_called(seed) as meaning
        left join representatives on representatives.gene_id = meaning.gene_id
    ),
    selected_donors as materialized (
        select donor_id
        from donors
        where donor is null or donor_id = as_id(donor) or lower(donor_name) = lower(stripped(donor))
    ),
    selected_samples as (
        select donor_id, list_sort(list(position)) as positions
        from samples
        semi join selected_donors using (donor_id)
        where structure is null or structure_id in (select structure_id from structures_below(structure))
        group by donor_id
    ),
    seed_samples as (
        select
            expression.donor_id,
            expression.log2,
            list_filter(selected_samples.positions, lambda i: expression.log2[i] is not null) as positions
        from expression
        join selected_samples using (donor_id)
        where expression.probe_id = (select probe_id from seed_probe)
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
    -- Centred twice: if the seed is nearly constant, the rounding error of its mean, rest_x, is not small.
    seed_deviations as materialized (
        select * replace (list_transform(x, lambda value: value - mean_x) as x) from seed_means
    ),
    seed_rests as materialized (
        select *, list_avg(x) as rest_x from seed_deviations
    ),
    seed_centred as materialized (
        select * replace (list_transform(x, lambda value: value - rest_x) as x) from seed_rests
    ),
    seed_rows as materialized (
        select *, list_dot_product(x, x) as squares_x from seed_centred
    ),
    missing_values as materialized (
        select exists (
            from expression join seed_rows using (donor_id) where expression.n < seed_rows.samples
        ) as has_missing
    ),
    method as materialized (
        select
            any_value(has_missing) as has_missing,
            not any_value(has_missing) and bool_and(len(x) = samples) as uses_whole_rows
        from seed_rows
        cross join missing_values
    ),
    member_probes as materialized (
        select probe_id
        from category_named(category)
        join category_genes using (category_id)
        join genes on genes.current_entrez_id = category_genes.entrez_id
        join probes using (gene_id)
        semi join expression using (probe_id)
    ),
    validation as materialized (
        select
            case
                when top < 1 then error(concat('top is ', top, ': expected 1 or more, or NULL for all.'))
                when (select probe_id from seed_probe) is null or not exists (
                    from expression where probe_id = (select probe_id from seed_probe)
                )
                    then error(concat('no probe of ', seed, ' has expression data in this database.'))
                when not exists (from selected_donors)
                    then error(concat('donor ', donor, ' is not loaded. List donors with: FROM donor_summary'))
                when (donor is not null or structure is not null) and coalesce(sum(len(x)), 0) < 10
                    then error(concat(coalesce(sum(len(x)), 0), ' samples are left, and r needs at least 10. ',
                        'List the numbers of samples with: FROM structure_tree'))
                when category is not null and not exists (from member_probes)
                    then error(concat('none of the genes of ', category, ' has expression data in this database. ',
                        'Load downloads that contain them.'))
            end as problem
        from seed_rows
    ),
    compared as materialized (
        select probe_id
        from probes
        semi join expression using (probe_id)
        where (select problem from validation) is null
            and (category is null or probe_id in (from member_probes))
            and case (select level from seed_probe)
                when 'probe' then probe_id <> (select probe_id from seed_probe)
                else gene_id <> (select gene_id from seed_probe) and probe_id in (select probe_id from representatives)
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
            seed_rows.rest_x,
            seed_rows.squares_x,
            seed_rows.x,
            case
                when not (select uses_whole_rows from method)
                then list_transform(seed_rows.positions, lambda i: expression.log2[i]::double)
            end as y
        from expression
        join seed_rows using (donor_id)
        semi join compared using (probe_id)
    ),
    moments as (
        select
            * replace (case when (select uses_whole_rows from method) then n else list_count(y) end as n),
            case when (select uses_whole_rows from method) then mean_log2 else list_avg(y) end as mean_y,
            case
                when (select uses_whole_rows from method) then squared_deviations
                else list_var_pop(y) * list_count(y)
            end as squares_y,
            case
                when (select has_missing from method)
                then list_transform(x, lambda value, i: case when y[i] is not null then value end)
            end as shared_x
        from paired
    ),
    -- The deviations of rows with missing values, and of nearly constant rows: their products with the seed would lose
    -- their digits in the mean. Other rows need no deviations, because those of the seed sum to 0.
    centred as (
        select
            *,
            case
                when not (select has_missing from method) and squares_y > 1e-6 * n * mean_y ** 2 then []
                when (select has_missing from method)
                then list_transform(y, lambda value: coalesce(value - mean_y, 0))
                when (select uses_whole_rows from method)
                then list_transform(log2, lambda value: value::double - mean_y)
                else list_transform(y, lambda value: value - mean_y)
            end as deviations
        from moments
    ),
    -- In mean_x + rest_x and mean_y + rest_y, the second term is what the first lost by rounding, or differs by from the
    -- mean over shared samples.
    sums as materialized (
        select
            probe_id,
            n,
            mean_x,
            mean_y,
            rest_x + coalesce(list_avg(shared_x), 0) as rest_x,
            case when deviations = [] then 0 else list_sum(deviations) / nullif(n, 0) end as rest_y,
            case
                when (select has_missing from method) then list_var_pop(shared_x) * list_count(shared_x)
                else squares_x
            end as squares_x,
            case when deviations = [] then squares_y else list_dot_product(deviations, deviations) end as squares_y,
            case
                when deviations = [] and (select uses_whole_rows from method) then list_dot_product(log2::double[], x)
                when deviations = [] then list_dot_product(y, x)
                else list_dot_product(deviations, x) - list_sum(deviations) * coalesce(list_avg(shared_x), 0)
            end as products
        from centred
    ),
    means as (
        select
            probe_id,
            sum(n)::integer as n,
            sum(n * (mean_x + rest_x)) / nullif(sum(n), 0) as mean_x,
            sum(n * (mean_y + rest_y)) / nullif(sum(n), 0) as mean_y
        from sums
        group by probe_id
    ),
    about_means as (
        select
            sums.probe_id,
            means.n as total,
            sums.n,
            sums.squares_x,
            sums.squares_y,
            sums.products,
            sums.mean_x - means.mean_x + sums.rest_x as difference_x,
            sums.mean_y - means.mean_y + sums.rest_y as difference_y
        from means
        join sums using (probe_id)
    ),
    pooled as (
        select
            probe_id,
            total as n,
            sum(squares_x + n * difference_x ** 2) as squares_x,
            sum(squares_y + n * difference_y ** 2) as squares_y,
            sum(products + n * difference_x * difference_y) as products
        from about_means
        group by probe_id, total
    ),
    correlated as (
        select
            compared.probe_id,
            coalesce(pooled.n, 0) as n,
            case
                when n >= 4 and squares_x > 0 and squares_y > 0
                then clipped(products / sqrt(squares_x) / sqrt(squares_y))
            end as r
        from compared
        left join pooled using (probe_id)
    ),
    ranked as (
        select *, row_number() over (order by r desc nulls last, probe_id) as place from correlated
    )
    select
        case when r is not null then place end as rank,
        ranked.probe_id,
        probes.probe_name,
        genes.gene_symbol,
        genes.gene_name,
        genes.entrez_id,
        ranked.r,
        ranked.n
    from ranked
    join probes using (probe_id)
    left join genes using (gene_id)
    where exists (from constants) and (top is null or place <= greatest(top, 1))
    order by place;

-- The values of two genes or probes in every sample in which both have values. All joins are equalities, which keeps r
-- fast for many names at once, such as a column of symbols.
create or replace macro values_of_both(a, b) as table
    with values_by_donor as (
        select
            rows_of_a.donor_id,
            unnest(rows_of_a.log2)::double as x,
            unnest(rows_of_b.log2)::double as y
        from find_seed(a) as seed_a
        join expression as rows_of_a on rows_of_a.probe_id = seed_a.probe_id
        join expression as rows_of_b on rows_of_b.donor_id = rows_of_a.donor_id
        join find_seed(b) as seed_b on seed_b.probe_id = rows_of_b.probe_id
    )
    select donor_id, x, y from values_by_donor where x is not null and y is not null;

-- r of two genes or probes over all samples. The means are subtracted first: corr, which passes over the values once,
-- loses digits where they are nearly constant.
create or replace macro r(a, b) as (
    with shared as (select x, y from values_of_both(a, b)),
    means as (select avg(x) as mean_x, avg(y) as mean_y from shared)
    select
        case
            when count(*) >= 4 and var_pop(x) > 0 and var_pop(y) > 0 then clipped(corr(x - mean_x, y - mean_y))
        end
    from shared, means
);

-- r of two genes or probes in each donor.
create or replace macro r_by_donor(a, b) as table
    with shared as (select donor_id, x, y from values_of_both(a, b)),
    means as (select donor_id, avg(x) as mean_x, avg(y) as mean_y from shared group by donor_id),
    correlated as (
        select
            donor_id,
            case
                when count(*) >= 4 and var_pop(x) > 0 and var_pop(y) > 0 then clipped(corr(x - mean_x, y - mean_y))
            end as r,
            count(*)::integer as n
        from shared
        join means using (donor_id)
        group by donor_id
    )
    select
        seed_a.probe_name as probe_a,
        seed_b.probe_name as probe_b,
        coalesce(donors.donor_name, donors.donor_id::varchar) as donor,
        correlated.r,
        coalesce(correlated.n, 0) as n
    from find_seed(a) as seed_a
    cross join find_seed(b) as seed_b
    cross join donors
    left join correlated using (donor_id)
    order by donors.donor_id;

-- r of every gene of a category with every other, in long form, each gene by its representative probe.
--
-- If no value is missing, r is the product of the standardised profiles; otherwise it is computed over the samples in
-- which both have values. Each pair is computed once and returned in both directions.
create or replace macro correlation_matrix(category, max_rows := 5000) as table
    with constants as (
        select 1 limit case when concat(category, max_rows) is null then 1 else 1 end
    ),
    member_genes as materialized (
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
    validation as materialized (
        select
            case
                when count(*) = 0
                    then error(concat('none of the genes of ', category, ' has expression data in this database. ',
                        'Load downloads that contain them.'))
                when count(*) > max_rows
                    then error(concat(count(*), ' genes have ', count(*) * count(*), ' values of r, and the limit is ',
                        max_rows, ' genes. To raise it, use max_rows := ', count(*)))
            end as problem
        from member_genes
    ),
    sample_counts as materialized (
        select donor_id, count(*)::integer as samples from samples group by donor_id
    ),
    profiles as materialized (
        select gene_id, flatten(list(log2 order by donor_id)) as x
        from (
            select member_genes.gene_id, expression.donor_id, expression.log2::double[] as log2
            from member_genes
            join expression using (probe_id)
            where (select problem from validation) is null
            union all
            select
                member_genes.gene_id,
                sample_counts.donor_id,
                list_transform(range(sample_counts.samples), lambda i: null::double)
            from member_genes
            cross join sample_counts
            anti join expression
                on expression.probe_id = member_genes.probe_id and expression.donor_id = sample_counts.donor_id
        )
        group by gene_id
    ),
    profile_means as materialized (
        select gene_id, x, list_avg(x) as mean_x from profiles
    ),
    deviations as materialized (
        select gene_id, x, list_transform(x, lambda value: coalesce(value - mean_x, 0)) as deviation from profile_means
    ),
    profile_norms as materialized (
        select *, sqrt(list_dot_product(deviation, deviation)) as norm from deviations
    ),
    standardised as materialized (
        select
            gene_id,
            norm > 0 as varies,
            list_transform(deviation, lambda value: value / coalesce(nullif(norm, 0), 1)) as z,
            list_transform(x, lambda value: case when value is null then 0 else 1 end::double) as observed
        from profile_norms
    ),
    with_squares as materialized (
        select *, list_transform(z, lambda value: value * value) as squares from standardised
    ),
    missing_values as materialized (
        select coalesce(bool_or(list_count(x) < len(x)), false) as has_missing from profiles
    ),
    pairs as (
        select
            of_a.gene_id as gene_id_a,
            of_b.gene_id as gene_id_b,
            of_a.varies and of_b.varies as vary,
            case
                when (select has_missing from missing_values)
                then list_dot_product(of_a.observed, of_b.observed)::integer
                else len(of_a.observed)
            end as n,
            case when of_a.gene_id <= of_b.gene_id then list_dot_product(of_a.z, of_b.z) end as products,
            case
                when (select has_missing from missing_values) then list_dot_product(of_a.z, of_b.observed) else 0
            end as sum_a,
            case
                when (select has_missing from missing_values) then list_dot_product(of_b.z, of_a.observed) else 0
            end as sum_b,
            case
                when (select has_missing from missing_values) then list_dot_product(of_a.squares, of_b.observed) else 1
            end as squares_a,
            case
                when (select has_missing from missing_values) then list_dot_product(of_b.squares, of_a.observed) else 1
            end as squares_b
        from with_squares as of_a
        cross join with_squares as of_b
    ),
    -- Products about the means over shared samples. Squares below rounding_a or rounding_b are those of constants.
    centred_pairs as (
        select
            gene_id_a,
            gene_id_b,
            vary,
            n,
            products - sum_a * sum_b / n as products,
            squares_a - sum_a * sum_a / n as squares_a,
            squares_b - sum_b * sum_b / n as squares_b,
            squares_a * 1e-13 as rounding_a,
            squares_b * 1e-13 as rounding_b
        from pairs
    ),
    correlated as materialized (
        select
            gene_id_a,
            gene_id_b,
            n,
            case
                when vary and n >= 4 and squares_a > rounding_a and squares_b > rounding_b
                then products / sqrt(squares_a * squares_b)
            end as r
        from centred_pairs
    ),
    in_both_directions as (
        select gene_id_a, gene_id_b, r, n from correlated where gene_id_a <= gene_id_b
        union all
        select gene_id_b, gene_id_a, r, n from correlated where gene_id_a < gene_id_b
    )
    select
        row_genes.name as gene_a,
        column_genes.name as gene_b,
        clipped(r) as r,
        n
    from in_both_directions
    join member_genes as row_genes on row_genes.gene_id = gene_id_a
    join member_genes as column_genes on column_genes.gene_id = gene_id_b
    where exists (from constants)
    order by gene_id_a, gene_id_b;
