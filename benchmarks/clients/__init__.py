"""HTTP clients that people use, each with its own way of sending an upload that is refused before it is read."""
