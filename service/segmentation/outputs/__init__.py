"""Labels -> files."""
