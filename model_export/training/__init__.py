"""Images and labels -> a trained network."""
