"""The page in a browser: a server of pages and of JSON, on one database.

Only `coexpr serve` imports it. It needs the extra `web`.
"""
