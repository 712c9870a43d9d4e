"""Many processes with one database: readers, writers, and those that write its cache."""
