// The part Correlates: genes ranked by r with a gene.

import { commandOfCorrelates } from "./command.js";
import { element, errorMessage, message, shortR, svg } from "./dom.js";
import * as queries from "./queries.js";
import { address, changeParameters } from "./state.js";
import { resultTable } from "./table.js";

const COLUMNS = ["rank", "gene_symbol", "gene_name", "r", "n", "probe_name", "entrez_id"];

// Return the contents of the result for parameters: gene, structure, donor; sort and filter of the table.
export async function showCorrelates(engine, description, { gene, structure, donor, sort, filter }) {
  if (!gene) {
    return [message("Choose a gene.")];
  }
  const sql = queries.correlates({ gene, category: description.category, structure, donor });
  try {
    const result = await engine.query(sql);
    const table = resultTable(result, {
      columns: COLUMNS,
      kind: "correlates",
      render: { gene_symbol: (symbol, row) => linkToPair(gene, symbol, row), r: (r) => (r === null ? [""] : bar(Number(r))) },
      fileName: `${fileNameOf(gene)}-correlates.csv`,
      sort,
      filter,
      changed: changeParameters,
    });
    return [table, howTo(sql, commandOfCorrelates({ gene, structure, donor }, description))];
  } catch (error) {
    return [errorMessage(error)];
  }
}

// Return r with three decimals and a bar; the full number is in the attribute data-value of the cell.
function bar(r) {
  const [from, to] = [Math.min(r, 0), Math.abs(r)].map((place) => place.toFixed(4));
  return [
    element("span", {}, shortR(r)),
    svg(
      "svg",
      { class: "bar", viewBox: "-1 0 2 1", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: r < 0 ? "low" : "high", x: from, y: 0, width: to, height: 1 }),
      svg("line", { x1: 0, x2: 0, y1: 0, y2: 1 }),
    ),
  ];
}

function linkToPair(gene, symbol, { probe_name: probe }) {
  const other = symbol ?? probe;
  const href = address("pair", { a: gene, b: other });
  return [element("a", { href, title: `${gene} and ${other} in every sample` }, other)];
}

// Return the SQL and the command that give the same result.
function howTo(sql, commandLine) {
  return element(
    "details",
    { class: "equivalents" },
    element("summary", {}, "The same on the command line and in SQL"),
    element("p", {}, "With coexpr in a terminal:"),
    element("pre", {}, element("code", {}, commandLine)),
    element("p", {}, "In DuckDB, or on the page ", element("a", { href: address("sql", { query: sql }) }, "SQL"), ":"),
    element("pre", {}, element("code", {}, sql)),
  );
}

function fileNameOf(gene) {
  return gene.replace(/[^\w.-]+/g, "_");
}
