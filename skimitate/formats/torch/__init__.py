"""Policies as modules of torch."""
