"""The papers spectune stands on, each as one experiment that anyone can run on their own data."""
