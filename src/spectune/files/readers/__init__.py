"""Readers, one module a format, each from a path to a Table."""
