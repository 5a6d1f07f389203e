"""Simulated spectra: realistic stand-ins for demos and tests, and patterns of many classes with a known law."""
