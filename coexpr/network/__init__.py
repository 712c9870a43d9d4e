"""Correlation networks of all pairs, from the plan of blocks to the file of edges.

The kernel is `coexpr.stats.edges`; which rows a network has is decided in `coexpr.analysis.network`.
"""
