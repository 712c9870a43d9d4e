"""Numerical functions: arrays in, arrays out.

The modules use only numpy and scipy and, from coexpr, one another. SQL, names and files are handled elsewhere.
"""
