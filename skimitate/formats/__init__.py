"""Policies and roll-outs as files."""
