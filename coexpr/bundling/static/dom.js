// Elements of the page. Text is always text: a name in a file that looks like HTML is shown as it is.

// Return a new element: its attributes, and its contents, which are elements or text.
export function element(tag, attributes = {}, ...contents) {
  return filled(document.createElement(tag), attributes, contents);
}

// Return a new element of SVG.
export function svg(tag, attributes = {}, ...contents) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, contents);
}

export function byId(id) {
  return document.getElementById(id);
}

export function message(text) {
  return element("p", { class: "message", role: "status" }, text);
}

export function errorMessage(error) {
  return element("p", { class: "error", role: "alert" }, error.message);
}

function filled(created, attributes, contents) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) {
      created.setAttribute(name, value === true ? "" : value);
    }
  }
  created.append(...contents.filter((content) => content !== null));
  return created;
}

// Return a number with separators of thousands, such as 3,702.
export function count(number) {
  return Number(number).toLocaleString("en");
}

// Return a count with its noun, such as "6 donors".
export function countOf(number, thing) {
  return `${count(number)} ${thing}${Number(number) === 1 ? "" : "s"}`;
}

// Return r with three decimals.
export function shortR(r) {
  return Number(r).toFixed(3);
}

// Save text as a file.
export function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
