"""Requests of the protocol that are refused before the core sees them. `str(error)` is one sentence for the client."""

from service.http.errors import RequestError
from service.segmentation.errors import UnknownModel


class BadInference(RequestError):
    """A request that is not one of the protocol, or that asks for what no model here has."""


class UnknownVersion(UnknownModel):
    """A version of a model that is not served."""
