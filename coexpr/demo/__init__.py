"""The synthetic atlas of `coexpr demo`: random expression values in files like the downloads of the real atlas.

Only the command `coexpr demo` and the page of a server without a database make it.
"""
