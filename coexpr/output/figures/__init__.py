"""Figures of results, one module per kind of figure.

A figure is an object with a width, a height and a method `draw`: it takes arrays and names, and knows nothing of the
database. `page` turns it into Axes or into a file. matplotlib is imported when something is drawn.
"""
