"""spectune: from a table of spectra to a tuned, honestly validated, explained 1D-CNN."""
