"""The largest files of genes, categories, ontologies and maps that are read.

All limits are far above real files. What exceeds them is damaged, or was made to fill the memory.
"""

# Of a text that is read as a whole, decompressed. go-basic.obo has 36 MB, and all gene sets of MSigDB 40 MB.
TEXT_BYTES = 250_000_000
# The same for text with characters that take four bytes each in memory.
WIDE_TEXT_BYTES = 50_000_000
# A gene set of all human genes is a line of 300 kB.
LINE_BYTES = 10_000_000
# Files that are read line by line may have any size, but not expand like this: those of NCBI expand 15 times.
EXPANSION = 200
# All gene sets of MSigDB have 4 million members; a table of 20,000 genes and 100 samples has 2 million cells.
GMT_CELLS = 20_000_000
TABLE_CELLS = 3_000_000
TABLE_ROWS = 2_000_000
# MSigDB has 35,000 gene sets.
GENE_SETS = 1_000_000
# Different names of genes in gene sets; all genes of NCBI have a million of symbols and aliases of humans and mice.
NAMES = 1_500_000
LINES = 5_000_000
# A line of a table or list.
COLUMNS = 100_000
# go-basic.obo has 48,000 terms.
TERMS = 1_000_000
# NCBI names 200,000 human genes, and a million annotations are 160 MB of GAF.
HUMAN_GENES = 2_000_000
ANNOTATIONS = 10_000_000
# A GAF begins with a hundred lines of comments.
COMMENTS = 1_000_000
# A map has a row per structure, point or sample of the atlas, which has 3,702 samples.
MAP_CELLS = 2_000_000
# Different structures of a map; each is compared with all 1,839 of the atlas.
MAP_STRUCTURES = 5_000
# Results of a query of all genes as JSON have 10 MB.
JSON_BYTES = 100_000_000
JSON_MARKS = 8_000_000
# Of a result as Parquet or Arrow: a network of a million edges has 7 million cells.
RESULT_CELLS = 10_000_000
RESULT_BYTES = 300_000_000
# Numbers that describe a Parquet file, about 60 for each column of each of its row groups.
PARQUET_FIELDS = 500_000
