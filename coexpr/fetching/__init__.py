"""Fetch the files of the Allen Institute, the Gene Ontology and NCBI over HTTP; needs the extra `fetch`.

`catalogue` says which files there are and where, `transfer` receives one file (`partial_file` keeps what has arrived,
`http` says what answers and errors mean, `contents` distinguishes a file from an error page), and `fetch` fetches
several at a time and records their fingerprints in `sums`.
"""

from coexpr.extras import require

require("pooch")  # all modules import it or requests, which it depends on
