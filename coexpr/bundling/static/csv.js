// CSV: of DuckDB's results, and for files that a reader saves.

// Return rows of cells. Values are quoted; an empty cell without quotes is null.
export function parseCsv(text) {
  const rows = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\r?\n|$)/gy;
  let row = [];
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = cell.exec(text);
    row.push(quoted !== undefined ? quoted.replaceAll('""', '"') : plain === "" ? null : plain);
    if (end !== ",") {
      rows.push(row);
      row = [];
    } else if (cell.lastIndex === text.length) {
      row.push(null); // the last cell of the text is null
    }
  }
  if (row.length > 0) {
    rows.push(row);
  }
  return rows;
}

// Return the text of a CSV file, with a header.
export function csvOf(columns, rows) {
  return [columns, ...rows].map((row) => row.map(cellOf).join(",")).join("\n") + "\n";
}

function cellOf(value) {
  if (value === null) {
    return "";
  }
  const text = String(value);
  return /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}
