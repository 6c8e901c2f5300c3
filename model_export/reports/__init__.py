"""A model file -> figures and pictures of how good it is."""
