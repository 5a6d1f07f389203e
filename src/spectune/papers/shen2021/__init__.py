"""Shen & Viscarra Rossel (2021), Scientific Reports 11:208, as one experiment for any soil library.

Their figures 1-5 and 7 and tables 1-3, and what they left undone: baselines on the same folds,
seeds, nested validation, a floor under importances, a learning curve. What contradicts the
paper is said as plainly as what confirms it.
"""
