// A table of a result: sorted, filtered, and saved as CSV.

import { csvOf } from "./csv.js";
import { count, countOf, element, save } from "./dom.js";
import { isNumeric } from "./engine.js";

const SHOWN_ROWS = 100;
let tables = 0;

// Return an element with the table of a result.
//
// result: of Engine.query.
// options: columns, the names that are shown; kind, the class of the table; render, for some columns a function (cell, row by name) that returns an array
// with the contents of a cell; fileName of the CSV; sort, such as "r" or "-r"; filter, a text; changed, called with {sort, filter}.
export function resultTable(result, options = {}) {
  const { columns, types, rows } = result;
  const shown = (options.columns ?? columns).map((name) => columns.indexOf(name)).filter((i) => i >= 0);
  const state = { sort: options.sort ?? "", filter: options.filter ?? "", all: rows.length <= SHOWN_ROWS };
  const body = element("tbody");
  const status = element("p", { class: "hint rows", role: "status" });
  const more = element("button", { type: "button" }, "Show all rows");
  const kinds = columns.map((name, i) => (options.render?.[name] || !isNumeric(types[i]) ? name : `${name} number`));
  const headers = shown.map((i) => header(columns[i], kinds[i], isNumeric(types[i]), state, update));
  const filterId = `filter-${++tables}`;
  const filter = element("input", { id: filterId, type: "search", value: state.filter, spellcheck: "false" });
  const saveButton = element("button", { type: "button" }, "Save as CSV");

  function update(change) {
    Object.assign(state, change);
    const matching = sorted(filtered(rows, shown, state.filter), columns, types, state.sort);
    const visible = state.all ? matching : matching.slice(0, SHOWN_ROWS);
    body.replaceChildren(...visible.map((row) => bodyRow(row, columns, kinds, shown, options.render ?? {})));
    headers.forEach((cell, place) => markSorted(cell, columns[shown[place]], state.sort));
    more.hidden = visible.length === matching.length;
    status.textContent = sentence(visible.length, matching.length, rows.length, result.isCut);
    if (change) {
      options.changed?.({ sort: state.sort, filter: state.filter });
    }
    return matching;
  }

  filter.addEventListener("input", () => update({ filter: filter.value }));
  more.addEventListener("click", () => update({ all: true }));
  saveButton.addEventListener("click", () => {
    const matching = sorted(filtered(rows, shown, state.filter), columns, types, state.sort);
    save(options.fileName ?? "result.csv", csvOf(columns, matching));
  });
  update();
  const tools = element("div", { class: "filter" }, element("label", { for: filterId }, "Filter"), filter, saveButton);
  const head = element("thead", {}, element("tr", {}, ...headers));
  const table = element("table", { class: options.kind ?? null }, head, body);
  return element("div", {}, rows.length > 1 ? tools : saveButton, status, scrollable(table), more);
}

// Return an element in which a wide table scrolls, also by keyboard.
export function scrollable(table) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, table);
}

function header(name, kind, isNumber, state, update) {
  const button = element("button", { type: "button" }, name);
  button.addEventListener("click", () => {
    const first = isNumber && name !== "rank" ? `-${name}` : name; // the largest number first
    const second = first === name ? `-${name}` : name;
    update({ sort: state.sort === first ? second : first });
  });
  return element("th", { scope: "col", class: kind }, button);
}

function markSorted(cell, name, sort) {
  if (sort.replace(/^-/, "") === name) {
    cell.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
  } else {
    cell.removeAttribute("aria-sort");
  }
}

function bodyRow(row, columns, kinds, shown, render) {
  const named = Object.fromEntries(columns.map((name, i) => [name, row[i]]));
  return element(
    "tr",
    {},
    ...shown.map((i) => {
      const contents = render[columns[i]]?.(row[i], named) ?? [row[i] ?? ""];
      return element("td", { class: kinds[i], "data-value": row[i] ?? "" }, ...contents);
    }),
  );
}

function filtered(rows, shown, text) {
  const wanted = text.trim().toLowerCase();
  return wanted === "" ? rows : rows.filter((row) => shown.some((i) => row[i]?.toLowerCase().includes(wanted)));
}

// Missing values come last in both directions.
function sorted(rows, columns, types, sort) {
  const place = columns.indexOf(sort.replace(/^-/, ""));
  if (place < 0) {
    return rows;
  }
  const sign = sort.startsWith("-") ? -1 : 1;
  const compare = isNumeric(types[place]) ? (a, b) => Number(a) - Number(b) : (a, b) => a.localeCompare(b, "en");
  return [...rows].sort((one, other) => {
    const [a, b] = [one[place], other[place]];
    return a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b);
  });
}

function sentence(visible, matching, all, isCut) {
  const total = isCut ? `the first ${countOf(all, "row")} of a longer result` : countOf(all, "row");
  if (matching < all) {
    return `${count(visible)} of ${countOf(matching, "matching row")}; ${total} without the filter.`;
  }
  return visible < all ? `${count(visible)} of ${total}.` : `${total[0].toUpperCase()}${total.slice(1)}.`;
}
