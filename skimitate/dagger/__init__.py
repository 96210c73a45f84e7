"""Asking where the learner leads."""
