// DuckDB in a worker: start it, open the database, and run queries.
//
// Results come as CSV that DuckDB writes into a file in memory. Arrow, the usual way, would take another library to
// read; and no JSON, because that is an extension of DuckDB, which would be fetched from another server.

import { parseCsv } from "./csv.js";

const WORKER = "duckdb-browser-eh.worker.js";
const DATABASE = "atlas.duckdb";
const RESULT = "result.csv";
const READ_ONLY = 2;
const SETTINGS = [
  "SET autoinstall_known_extensions = false",
  "SET autoload_known_extensions = false",
  "SET memory_limit = '2GB'",
];

export class Engine {
  #worker;
  #connection;
  #replies = new Map();
  #last = 0;
  #queue = Promise.resolve();

  // Start DuckDB with a database.
  //
  // wasm: Blob of the program; database: Uint8Array, which is moved into the worker.
  static async start(wasm, database) {
    const engine = new Engine();
    await engine.#start(wasm, database);
    return engine;
  }

  // Run a statement that returns rows: {columns, types, rows, isCut}. Cells are text, or null.
  //
  // At most `limit` rows are returned; isCut says whether there are more.
  query(sql, limit = Infinity) {
    const result = this.#queue.then(() => this.#query(sql, limit));
    this.#queue = result.catch(() => {});
    return result;
  }

  // Run a query and return an array of objects; columns of numbers as numbers.
  async records(sql) {
    const { columns, types, rows } = await this.query(sql);
    const isNumber = types.map(isNumeric);
    return rows.map((row) =>
      Object.fromEntries(
        columns.map((name, i) => [name, isNumber[i] && row[i] !== null ? Number(row[i]) : row[i]]),
      ),
    );
  }

  async #start(wasm, database) {
    // A worker made from a blob has the Content-Security-Policy of the page: it cannot reach another server.
    const script = URL.createObjectURL(
      new Blob([`importScripts(${JSON.stringify(new URL(WORKER, document.baseURI).href)});`], { type: "text/javascript" }),
    );
    const program = URL.createObjectURL(wasm);
    try {
      this.#worker = new Worker(script);
      this.#worker.onmessage = (event) => this.#receive(event.data);
      this.#worker.onerror = (event) => this.#fail(new Error(event.message || "DuckDB could not be started."));
      await this.#send("INSTANTIATE", [program, null]);
    } finally {
      URL.revokeObjectURL(script);
      URL.revokeObjectURL(program);
    }
    await this.#send("REGISTER_FILE_BUFFER", [DATABASE, database], [database.buffer]);
    await this.#send("OPEN", { path: DATABASE, accessMode: READ_ONLY });
    this.#connection = await this.#send("CONNECT", null);
    for (const setting of SETTINGS) {
      await this.#run(setting);
    }
  }

  async #query(sql, limit) {
    const statement = sql.replace(/[\s;]+$/, "");
    const described = await this.#copy(`SELECT column_name, column_type FROM (DESCRIBE FROM (\n${statement}\n))`);
    const count = limit === Infinity ? "" : ` LIMIT ${limit + 1}`;
    const rows = await this.#copy(`FROM (\n${statement}\n)${count}`);
    const isCut = rows.length > limit;
    return {
      columns: described.map(([name]) => name),
      types: described.map(([, type]) => type),
      rows: isCut ? rows.slice(0, limit) : rows,
      isCut,
    };
  }

  async #copy(select) {
    try {
      await this.#run(`COPY (${select}) TO '${RESULT}' (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')`);
      return parseCsv(new TextDecoder().decode(await this.#send("COPY_FILE_TO_BUFFER", RESULT)));
    } finally {
      await this.#send("DROP_FILE", RESULT);
    }
  }

  #run(sql) {
    return this.#send("RUN_QUERY", [this.#connection, sql]);
  }

  #send(type, data, transfer = []) {
    const messageId = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#replies.set(messageId, { resolve, reject });
      this.#worker.postMessage({ messageId, type, data }, transfer);
    });
  }

  #receive({ requestId, type, data }) {
    const reply = this.#replies.get(requestId);
    if (reply === undefined || type === "INSTANTIATE_PROGRESS") {
      return;
    }
    this.#replies.delete(requestId);
    if (type === "ERROR") {
      reply.reject(new Error(sentenceOf(data.message)));
    } else {
      reply.resolve(data);
    }
  }

  #fail(error) {
    this.#replies.forEach(({ reject }) => reject(error));
    this.#replies.clear();
  }
}

export function isNumeric(type) {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type);
}

// The sentence of an error: error() of a macro without DuckDB's prefix.
function sentenceOf(message) {
  return String(message).replace(/^(Error: )?(Invalid Input Error: )?/, "").trim();
}
