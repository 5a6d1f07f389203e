"""Training: K networks side by side, member first and channel last."""
