"""A model behind HTTP: spectra in, predictions with intervals and flags out, and a page to drop files on."""
