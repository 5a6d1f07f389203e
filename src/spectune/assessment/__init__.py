"""Judging: baselines on the same folds, intervals of differences, the verdict."""
