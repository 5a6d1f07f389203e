"""Families of networks: each a function from a draw and a task to a recipe."""
