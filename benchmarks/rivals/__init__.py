"""Alternatives to the service, each a program of its own; and the service with a leak."""
