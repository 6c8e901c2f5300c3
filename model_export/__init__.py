"""What makes models: train, evaluate, export. Torch lives here and nowhere else."""
