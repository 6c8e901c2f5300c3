"""Makes models: train, evaluate, export. Only this package uses torch."""
