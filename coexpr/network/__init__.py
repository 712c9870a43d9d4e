"""Correlation networks of all pairs of probes or genes: plan, computation, intermediate storage and output files.

Edges between blocks of rows are computed by `coexpr.stats.edges`; `coexpr.analysis.network` selects the rows.
"""
