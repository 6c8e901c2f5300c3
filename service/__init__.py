"""Serves segmentation models: an image goes in, a colour-coded mask and the area of every class come out."""

__version__ = "0.1.0"
