"""Compiled loops, without Python types."""
