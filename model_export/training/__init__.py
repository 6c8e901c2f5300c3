"""Pictures and labels -> a trained network."""
