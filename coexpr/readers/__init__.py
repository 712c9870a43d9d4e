"""Files in, checked tables and arrays out: the only rooms that know Allen's spellings.

`recognise` finds the downloads under a path; `full_donor` and `heatmap` read one each into a
`Download`. They share `place` (a folder on disk or in a zip), `tables` (small CSV files, cell by
cell) and `matrices` (large CSV files of numbers, block by block). Nothing here knows the database.
"""
