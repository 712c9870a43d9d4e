"""What results say in words.

One module per kind of result, and what results share: `data` about samples and sources, `genes` about genes and their
probes. A function takes a result, or a part of its provenance, and returns sentences. They name parameters of `Atlas`
in backticks; the command line prints its options in their place.
"""
