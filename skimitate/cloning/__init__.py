"""From data to a policy."""
