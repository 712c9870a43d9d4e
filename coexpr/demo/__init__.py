"""The synthetic atlas of `coexpr demo`: random expression values in files like the downloads of the real atlas.

No other package depends on it, except the command `coexpr demo`.
"""
