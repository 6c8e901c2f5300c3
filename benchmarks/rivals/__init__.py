"""What people would use in place of the service; each is a program of its own."""
