"""Archives of millions of images, by Ray Data: with the extra `cluster`."""
