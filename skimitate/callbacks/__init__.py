"""What a person sees while a fit runs."""
