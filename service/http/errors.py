"""Requests that are refused before the core sees them. `str(error)` is one sentence for the client.

RequestError
 ├── Unauthorized            no key, or an unknown one
 ├── Forbidden               a key without the role that the route requires
 ├── BodyTooLarge            more bytes than allowed
 ├── BadForm                 a multipart body that cannot be read
 ├── CodedBody               a body with a Content-Encoding
 ├── UnsupportedContentType  a body that is neither a form nor an image
 ├── NoImage                 a request without an image in it
 ├── RepeatedParameter       a query parameter that is given twice
 ├── MisplacedOption         an option in the form instead of the query
 └── NotAcceptable           no format that the client accepts
"""


class RequestError(Exception):
    """The root."""


class Unauthorized(RequestError):
    """No key, or an unknown one."""


class Forbidden(RequestError):
    """A key without the role that the route requires."""


class BodyTooLarge(RequestError):
    """More bytes than allowed."""


class BadForm(RequestError):
    """A multipart body that cannot be read."""


class CodedBody(RequestError):
    """A body with a Content-Encoding."""


class UnsupportedContentType(RequestError):
    """A body that is neither a form nor an image."""


class NoImage(RequestError):
    """A request without an image in it."""


class RepeatedParameter(RequestError):
    """A query parameter that is given twice."""


class MisplacedOption(RequestError):
    """An option in the form instead of the query."""


class NotAcceptable(RequestError):
    """No format that the client accepts."""
