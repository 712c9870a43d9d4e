"""Numerical functions: arrays in, arrays out.

They import numpy and scipy and, of coexpr, only one another. SQL, names and files belong elsewhere.
"""
