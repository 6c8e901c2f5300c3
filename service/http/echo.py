"""What a client wrote, repeated to it."""

LONGEST = 100


def shortened(text: str) -> str:
    """As much of it as a sentence can carry."""
    return text[:LONGEST]
