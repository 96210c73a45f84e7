"""Whom to imitate."""
