"""What a person sees afterwards."""
