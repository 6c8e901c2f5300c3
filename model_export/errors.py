"""What stops training or export, each with one sentence that says what to do."""


class ExportError(Exception):
    """The root; the command line prints it as one line and exits with 1."""


class OptionError(ExportError):
    """An option that cannot be used."""


class DataError(ExportError):
    """A data set that cannot be learned from as it is."""


class CheckpointError(ExportError):
    """Weights that are missing, unreadable, or of another run or network."""


class ParityError(ExportError):
    """The exported model does not answer like the trained one, so it was not written."""


class QuantizationError(ExportError):
    """The int8 model would be too much worse than the float one, so it was not written."""
