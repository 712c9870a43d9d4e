"""Results as files: text formats, Parquet, and arrays of numpy.

What a terminal shows belongs to `coexpr.cli`.
"""
