"""Explanation: which regions of the axis a model uses, with the spread over its members."""
