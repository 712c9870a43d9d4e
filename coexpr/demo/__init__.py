"""The synthetic atlas of `coexpr demo`: invented expression values in files like the downloads of the real atlas.

Nothing else in coexpr depends on it.
"""
