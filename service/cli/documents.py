"""A segmented image as the command line writes it."""

import msgspec

from service import answers


class Answer(answers.Answer, frozen=True):
    """What the service answers, and the name of the file, which the service is not told."""

    file: str = ""


class Segmented(msgspec.Struct, frozen=True):
    """An image's answer and its pictures: the mask as an indexed PNG, the overlay as WebP, its maps as grey PNGs."""

    answer: answers.Answer
    mask: bytes
    overlay: bytes | None
    confidence_map: bytes | None
    entropy: bytes | None


def filed(answer: answers.Answer, file: str) -> Answer:
    """An answer with the name of its file."""
    return Answer(answer.model, answer.image, answer.classes, answer.warnings, answer.low_confidence, file)
