// The queries of the pages. Names that a reader types go into literals only.

export function literal(text) {
  return `'${String(text).replaceAll("'", "''")}'`;
}

export const genesWithExpression = `
SELECT gene_symbol, coalesce(gene_name, '') AS gene_name
FROM gene_summary
WHERE representative_probe_id IS NOT NULL
ORDER BY gene_symbol`;

export const structuresWithSamples = `
SELECT acronym, any_value(name ORDER BY structure_id) AS name
FROM structure_tree
WHERE samples_in_and_below > 0
GROUP BY acronym
ORDER BY min(graph_order), acronym`;

export const donors = `
SELECT coalesce(donor_name, donor_id::VARCHAR) AS donor, samples
FROM donor_summary
ORDER BY donor_id`;

export const catalog = `
SELECT 'table' AS kind, table_name AS name, table_name AS call, comment FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT 'view', view_name, view_name, comment FROM duckdb_views() WHERE NOT internal
UNION ALL
SELECT
  CASE function_type WHEN 'table_macro' THEN 'table macro' ELSE 'macro' END,
  function_name,
  function_name || '(' || array_to_string(parameters, ', ') || ')',
  coalesce(comment, description)
FROM duckdb_functions()
WHERE NOT internal
ORDER BY kind, name`;

// Genes ranked by r with a gene. Without a category, all genes of the database are compared.
export function correlates({ gene, category, structure, donor }) {
  const named = Object.entries({ category, structure, donor }).filter(([, value]) => value);
  const parameters = [literal(gene), ...named.map(([name, value]) => `${name} := ${literal(value)}`), "top := NULL"];
  return `FROM correlates(${parameters.join(", ")})`;
}

export function pooledR(a, b) {
  return `SELECT r(${literal(a)}, ${literal(b)}) AS r`;
}

export function rByDonor(a, b) {
  return `FROM r_by_donor(${literal(a)}, ${literal(b)})`;
}

// The values of two genes in every sample in which both have one. Colors are those of the top-level structure.
export function valuesOfPair(a, b) {
  return `
WITH values_of_a AS (
  SELECT donor_id, generate_subscripts(log2, 1) AS position, unnest(log2) AS x
  FROM expression WHERE probe_id = (SELECT probe_id FROM find_seed(${literal(a)}))
),
values_of_b AS (
  SELECT donor_id, generate_subscripts(log2, 1) AS position, unnest(log2) AS y
  FROM expression WHERE probe_id = (SELECT probe_id FROM find_seed(${literal(b)}))
)
SELECT
  x,
  y,
  sample_id,
  donor_id,
  coalesce(donor_name, donor_id::VARCHAR) AS donor,
  structure_name,
  coalesce(top.name, 'other structures') AS group_name,
  top.color_hex_triplet AS color
FROM values_of_a
JOIN values_of_b USING (donor_id, position)
JOIN sample_details USING (donor_id, position)
LEFT JOIN top_level_structures ON top_level_structures.structure_id = sample_details.structure_id
LEFT JOIN structures AS top ON top.structure_id = top_level_structures.top_level_structure_id
WHERE x IS NOT NULL AND y IS NOT NULL
ORDER BY top.graph_order NULLS LAST, group_name, donor_id, position`;
}
