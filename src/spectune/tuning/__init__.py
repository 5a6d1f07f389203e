"""The search: draws from a study, all folds of a trial trained together, importance."""
