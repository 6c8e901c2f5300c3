"""A model file -> figures, and pictures of its results."""
