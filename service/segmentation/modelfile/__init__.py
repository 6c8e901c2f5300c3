"""What a model file says of itself: its contract, its classes, its seal."""
