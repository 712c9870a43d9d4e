"""Readers of input files: one module per format, files in, checked tables and arrays out.

`recognise` finds the downloads under a path; `full_donor` and `heatmap` read one into a `Download`. `categories` reads
gene sets and gene lists in several formats. They share `place` (the files in a folder or zip), `tables` (small CSV
files, checked cell by cell) and `matrices` (large CSV files of numbers, read in blocks). Only this package knows the
file names and headers of the Allen Institute, and it does not use the database.
"""
