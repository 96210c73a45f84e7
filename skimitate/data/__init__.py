"""Bundled experts: a policy (npz) and its card (json) for each environment."""
