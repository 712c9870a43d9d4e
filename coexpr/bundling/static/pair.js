// The part Pair: two genes in every sample, and their r.

import { count, element, errorMessage, message, shortR } from "./dom.js";
import * as queries from "./queries.js";
import { address } from "./state.js";
import { scatterPlot } from "./scatter.js";
import { resultTable } from "./table.js";

// Return the contents of the result for parameters: a, b, color.
export async function showPair(engine, description, { a, b, color }) {
  if (!a || !b) {
    return [message("Choose two genes.")];
  }
  try {
    const [{ r }] = await engine.records(queries.pooledR(a, b));
    const byDonor = await engine.query(queries.rByDonor(a, b));
    const samples = await engine.records(queries.valuesOfPair(a, b));
    const heading = sentence(a, b, r, samples.length, byDonor);
    return [
      element("p", { class: "answer", "data-r": r ?? "" }, heading),
      samples.length ? scatterPlot(samples, { a, b, color: color || "structure", heading }) : null,
      element("h2", {}, "In each donor"),
      resultTable(byDonor, { columns: ["donor", "r", "n"], render: { r: (r) => [r === null ? "" : shortR(r)] }, fileName: "r-by-donor.csv" }),
      howTo(a, b),
    ].filter((part) => part !== null);
  } catch (error) {
    return [errorMessage(error)];
  }
}

function sentence(a, b, r, n, { columns, rows }) {
  const probes = ["probe_a", "probe_b"].map((name) => rows[0]?.[columns.indexOf(name)] ?? "no probe");
  const value = r === null ? "r is undefined" : `r = ${shortR(r)}`;
  return `${a} (${probes[0]}) and ${b} (${probes[1]}): ${value} over ${count(n)} samples, donors pooled.`;
}

function howTo(a, b) {
  const statements = [queries.pooledR(a, b), queries.rByDonor(a, b), queries.valuesOfPair(a, b).trim()];
  return element(
    "details",
    { class: "equivalents" },
    element("summary", {}, "The same in SQL"),
    ...statements.flatMap((query) => [
      element("pre", {}, element("code", {}, query)),
      element("p", {}, element("a", { href: address("sql", { query }) }, "Run it")),
    ]),
  );
}
