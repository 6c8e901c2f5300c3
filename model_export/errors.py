"""Errors that stop a command, each with one sentence that says what is wrong and what to do."""


class ExportError(Exception):
    """The root; the command line prints it as one line and exits with 1."""


class OptionError(ExportError):
    """An option that cannot be used."""


class DataError(ExportError):
    """A data set that is invalid or cannot be learned from."""


class CheckpointError(ExportError):
    """Weights that are missing, unreadable, or those of another run or network."""


class ParityError(ExportError):
    """The exported model differs from the trained one, so it was not written."""


class QuantizationError(ExportError):
    """The int8 model is too much worse than the float one, so it was not written."""


class AdoptionError(ExportError):
    """A network from elsewhere that cannot become a model file."""
