// Fetch the files of the bundle and start DuckDB.

import { byId } from "./dom.js";
import { Engine } from "./engine.js";

const PROGRAM = "duckdb-eh.wasm.gz";
const DATABASE = "atlas.duckdb";
const GZIP = [0x1f, 0x8b];

// Return the description of the bundle.
export async function loadDescription() {
  const response = await fetch("bundle.json", { cache: "no-cache" });
  if (!response.ok) {
    throw new Error(`bundle.json cannot be fetched: the server answers ${response.status}.`);
  }
  return response.json();
}

// Fetch DuckDB and the database, showing how much has arrived, and return the Engine.
export async function loadEngine({ files, program_bytes: programBytes }) {
  if (typeof DecompressionStream === "undefined" || typeof WebAssembly === "undefined") {
    throw new Error("This browser is too old. Use Chrome or Edge 80, Firefox 113, Safari 16.4, or a newer one.");
  }
  const total = files[PROGRAM].bytes + files[DATABASE].bytes;
  let arrived = 0;
  const advance = (bytes) => {
    arrived += bytes;
    showProgress(Math.min(arrived, total), total);
  };
  const [program, database] = await Promise.all([
    load(PROGRAM, files[PROGRAM], advance),
    load(DATABASE, files[DATABASE], advance),
  ]);
  byId("loading-text").textContent = "Starting DuckDB …";
  return Engine.start(new Blob([await decompressed(program, programBytes)], { type: "application/wasm" }), database);
}

// The SHA-256 in the address makes a browser fetch a file again when the bundle was replaced.
async function load(name, { bytes, sha256 }, advance) {
  const response = await fetch(`${name}?sha256=${sha256.slice(0, 16)}`);
  if (!response.ok) {
    throw new Error(`${name} cannot be fetched: the server answers ${response.status}.`);
  }
  const chunks = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    advance(part.value.length);
  }
  const contents = new Uint8Array(await new Blob(chunks).arrayBuffer());
  if (name === DATABASE && contents.length !== bytes) {
    throw new Error(`${name} is incomplete: ${contents.length} of ${bytes} bytes arrived. Load the page again.`);
  }
  return contents;
}

// A server may declare the compression, and the browser has then decompressed the file already.
async function decompressed(program, expected) {
  let contents = program;
  if (GZIP.every((byte, i) => program[i] === byte)) {
    const stream = new Blob([program]).stream().pipeThrough(new DecompressionStream("gzip"));
    contents = new Uint8Array(await new Response(stream).arrayBuffer());
  }
  if (contents.length !== expected) {
    throw new Error(`${PROGRAM} is incomplete. Load the page again.`);
  }
  return contents;
}

function showProgress(arrived, total) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  byId("loading-text").textContent = `Loading: ${megabytes(arrived)} of ${megabytes(total)} MB`;
  const bar = byId("loading-bar");
  bar.hidden = false;
  bar.max = total;
  bar.value = arrived;
}
