"""The package as estimators and transformers of scikit-learn."""
