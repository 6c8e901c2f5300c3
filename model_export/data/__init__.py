"""Data sets: folders of image and label pairs, their augmentation, and drawn shapes."""
