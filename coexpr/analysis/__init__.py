"""One module per question: resolve names, select rows and samples, compute, label.

A question takes the expression data of an open database and options, and returns a `Result`. `coexpr.atlas` is where
questions are asked and their parameters documented.
"""
