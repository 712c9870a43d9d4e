"""Load downloads and category files into the database, each in one transaction.

`coexpr.readers` checks a file before anything is written.
"""
