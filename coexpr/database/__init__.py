"""One DuckDB file: its connection and schema, and everything that is read from it with SQL.

Queries are in `sql/`; modules here run them, and return names, samples, categories and matrices.
"""
