"""A fitted ensemble as one ONNX file: raw spectra in, answers in the target's unit out."""
