"""What is odd about an image that is segmented all the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageWarning:
    """code: stable, for programs. detail: a sentence that says what is odd and what was done."""

    code: str
    detail: str
