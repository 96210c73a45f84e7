"""Policies as C, and read back by the compiler."""
