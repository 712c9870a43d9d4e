"""A folder of static files in which a web browser queries some genes of a database, with DuckDB inside the browser.

`bundle` makes the folder: `extract` writes its database, `duckdb_wasm` finds the files of DuckDB-Wasm, and `folder`
replaces a folder as a whole. The pages are in static/.
"""
