// Load the bundle, and show the part of the page that the address names.

import { showCorrelates } from "./correlates.js";
import { byId, countOf, element, errorMessage, message } from "./dom.js";
import { loadDescription, loadEngine } from "./load.js";
import { showPair } from "./pair.js";
import * as queries from "./queries.js";
import { catalogTable, showSql } from "./sql.js";
import { address, currentState } from "./state.js";

const PARTS = { correlates: showCorrelates, pair: showPair, sql: showSql };
const FIRST = "correlates";

let engine;
let description;
// How often the address has changed: a result that arrives after the next change is not shown.
let changes = 0;

async function start() {
  byId("loading-text").textContent = "Loading …";
  try {
    description = await loadDescription();
    describe();
    engine = await loadEngine(description);
    await fillForms();
  } catch (error) {
    byId("loading").replaceChildren(errorMessage(error));
    return;
  }
  byId("loading").hidden = true;
  byId("parts").hidden = false;
  addEventListener("hashchange", show);
  byId("catalog").replaceChildren(await catalogTable(engine));
  await show();
}

// Say what is loaded, from where, and under which terms.
function describe() {
  const { title, genes, counts, all_probes: allProbes, releases } = description;
  document.title = title;
  byId("title").textContent = title;
  const probes = allProbes ? ` with ${countOf(counts.probes, "probe")}` : "";
  byId("summary").textContent =
    `${countOf(counts.genes, "gene")}${probes} of ${genes}, in ${countOf(counts.samples, "sample")} ` +
    `of ${countOf(counts.donors, "donor")}.`;
  byId("synthetic").textContent = `${description.atlas.join("; ")}.`;
  byId("synthetic").hidden = !description.is_synthetic;
  byId("atlas").hidden = description.is_synthetic;
  const names = Object.entries(releases).map(([name, release]) => `${name} ${release}`);
  byId("releases").textContent = names.length
    ? `Releases: ${names.join("; ")}. The Gene Ontology is licensed under CC BY 4.0.`
    : "";
  byId("programs").replaceChildren(
    `Made by coexpr ${description.coexpr} (MIT). Computed by DuckDB ${description.duckdb} in DuckDB-Wasm `,
    `${description.duckdb_wasm} (MIT): `,
    element("a", { href: "licenses.txt" }, "licenses"),
    ". The database is ",
    element("a", { href: "atlas.duckdb", download: "atlas.duckdb" }, "atlas.duckdb"),
    `, ${(description.files["atlas.duckdb"].bytes / 1e6).toFixed(1)} MB, for DuckDB 1.4.2 or newer.`,
  );
}

async function fillForms() {
  const genes = await engine.records(queries.genesWithExpression);
  byId("genes").replaceChildren(
    ...genes.map(({ gene_symbol: value, gene_name: label }) => element("option", { value, label: `${value} – ${label}` })),
  );
  const structures = await engine.records(queries.structuresWithSamples);
  byId("structures").replaceChildren(
    ...structures.map(({ acronym: value, name }) => element("option", { value, label: `${value} – ${name}` })),
  );
  const donors = await engine.records(queries.donors);
  document.querySelector("[name=donor]").append(
    ...donors.map(({ donor: value, samples }) =>
      element("option", { value }, `${value} (${countOf(samples, "sample")})`),
    ),
  );
  for (const part of Object.keys(PARTS)) {
    const form = byId(part).querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(part, form);
    });
  }
  byId("sql").querySelector("textarea").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.target.form.requestSubmit();
    }
  });
}

// Put what a form asks into the address, which shows it.
function ask(part, form) {
  const target = address(part, Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()])));
  if (target === location.hash) {
    show();
  } else {
    location.hash = target;
  }
}

async function show() {
  const { part: named, parameters } = currentState();
  if (named === "main") {
    return; // the link that skips to the content
  }
  const part = named in PARTS ? named : FIRST;
  const change = ++changes;
  for (const name of Object.keys(PARTS)) {
    byId(name).hidden = name !== part;
  }
  for (const link of byId("parts").querySelectorAll("a")) {
    link.removeAttribute("aria-current");
    if (link.hash === `#${part}`) {
      link.setAttribute("aria-current", "page");
    }
  }
  const section = byId(part);
  for (const field of section.querySelectorAll("[name]")) {
    field.value = parameters[field.name] ?? (field.tagName === "SELECT" ? field.options[0].value : "");
  }
  const result = section.querySelector(".result");
  result.replaceChildren(message("Computing …"));
  byId("main").setAttribute("aria-busy", "true");
  const contents = await PARTS[part](engine, description, parameters);
  if (change === changes) {
    result.replaceChildren(...contents);
    byId("main").removeAttribute("aria-busy");
    byId("main").dataset.shown = location.hash;
  }
}

start();
