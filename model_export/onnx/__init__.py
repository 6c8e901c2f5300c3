"""A trained network -> a model file."""
