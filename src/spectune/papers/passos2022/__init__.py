"""Passos & Mishra (2022): the tutorial on automatic tuning, as published and as it is done here."""
