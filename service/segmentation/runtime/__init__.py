"""What runs a model file: sessions, batches, turns, and the processor's own ways."""
