"""Downloads and files of categories into the database, each in one transaction.

Files are checked by `coexpr.readers` before anything is written.
"""
