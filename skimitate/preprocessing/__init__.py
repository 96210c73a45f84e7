"""Transformers of observations."""
