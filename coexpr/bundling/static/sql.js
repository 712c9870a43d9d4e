// The part SQL: any query of the database.

import { element, message } from "./dom.js";
import * as queries from "./queries.js";
import { address } from "./state.js";
import { resultTable, scrollable } from "./table.js";

// Rows of a result that are kept: the page shows them all, and more would take its memory.
const MOST_ROWS = 10000;

// Return the contents of the result for parameters: query.
export async function showSql(engine, description, { query }) {
  if (!query) {
    return [message("Type a query, or choose a table below.")];
  }
  try {
    return [resultTable(await engine.query(query, MOST_ROWS))];
  } catch (error) {
    // A syntax error points to a place in a line, which needs letters of one width.
    return [element("p", { class: "error", role: "alert" }, element("code", { class: "block" }, error.message))];
  }
}

// Return a table of what the database has, with a link that queries each table and view.
export async function catalogTable(engine) {
  const rows = await engine.records(queries.catalog);
  const lines = rows.map(({ kind, name, call, comment }) => {
    const query = kind.endsWith("macro") ? null : `FROM ${name} LIMIT 20`;
    const code = element("code", {}, call);
    return element(
      "tr",
      {},
      element("td", {}, query === null ? code : element("a", { href: address("sql", { query }) }, code)),
      element("td", {}, kind),
      element("td", {}, comment ?? ""),
    );
  });
  const headers = ["name", "kind", "contents"].map((name) => element("th", { scope: "col" }, name));
  return scrollable(
    element("table", { class: "names" }, element("thead", {}, element("tr", {}, ...headers)), element("tbody", {}, ...lines)),
  );
}
