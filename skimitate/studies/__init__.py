"""The blog post's experiment: nothing below needs it."""
