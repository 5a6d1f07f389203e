"""Simulated spectra: realistic stand-ins for demos and tests."""
