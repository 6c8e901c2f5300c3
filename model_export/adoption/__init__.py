"""Segmentation networks that were trained elsewhere, made into model files."""
