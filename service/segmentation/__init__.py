"""The core: image bytes in, masks and areas out. Knows no HTTP."""
