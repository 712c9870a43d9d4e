// The commands of coexpr that give the same results.

// A longer list of genes is not written into a command: the database of the page has these genes.
const LISTED_GENES = 12;

export function commandOfCorrelates({ gene, structure, donor }, { gene_filter: filter }) {
  const words = ["coexpr", "query", gene, ...optionsOf(filter), "--all"];
  if (structure) {
    words.push("--structure", structure);
  }
  if (donor) {
    words.push("--donor", donor);
  }
  return words.map(quoted).join(" ");
}

function optionsOf({ categories, genes, match, include_regulates: includesRegulates, evidence_not: evidenceNot }) {
  if (genes.length > LISTED_GENES) {
    return ["--db", "atlas.duckdb"];
  }
  return [
    ...categories.flatMap((category) => ["--category", category]),
    ...(genes.length ? ["--genes", genes.join(",")] : []),
    ...(match === "any" ? [] : ["--match", match]),
    ...(includesRegulates ? ["--include-regulates"] : []),
    ...evidenceNot.flatMap((code) => ["--evidence-not", code]),
  ];
}

// Return a word for a shell: in double quotes where they suffice, which Windows reads too.
function quoted(word) {
  if (/^[\w.:@/+,-]+$/.test(word)) {
    return word;
  }
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`;
}
