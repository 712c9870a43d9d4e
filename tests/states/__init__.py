"""Random sequences of everything that changes a database, against a model that knows only numpy."""
