"""One module per question that an atlas answers.

Each takes an open database and what was asked for, lets SQL choose and numpy compute, and returns an
`Answer`. `coexpr.atlas` is where they are asked, and where their parameters are documented.
"""
