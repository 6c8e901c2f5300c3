"""What lies outside of a photo, in a crop that is larger and in padding."""

OUTSIDE = "#7c7468"
"""ImageNet's mean, so zero once normalised."""
