"""Schuetzke, Szymanski & Reischl (2023), npj Computational Materials: their benchmark, as one experiment.

Eight published classifiers on one set of synthetic spectra, trained alike, several seeds of each;
what the paper leaves open: how sure a difference is, what any classifier could reach, and which
part of a modification does the work. Published figures stand beside those made here, as data of
their own.
"""
