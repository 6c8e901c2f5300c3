"""Bytes of an upload -> a picture, bounded before anything is unpacked."""
