"""Spectra as values: axis, table, roles of rows, row-wise preprocessing, folds."""
