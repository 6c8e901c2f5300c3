"""What a client raises. `str(error)` is one sentence.

ClientError
 ├── Unreachable      no answer: a wrong address, a broken network, a stopped service, or a timeout
 ├── Unreadable       an answer that is not this service's
 └── Refused          an error of the service or of a proxy (RFC 9457)
      ├── Invalid       4xx: the request is at fault; sending it again is no use
      │    └── Denied     401, 403: the key, or the address that it came from
      ├── Failed        5xx: the service is at fault
      ├── Unavailable   503: no slot was free, however often it was sent
      └── TooLate       504: the deadline passed
"""


class ClientError(Exception):
    """The root."""


class Unreachable(ClientError):
    """No answer."""


class Unreadable(ClientError):
    """An answer that is not this service's."""


class Refused(ClientError):
    """An error of the service or of a proxy.

    status: of HTTP. code: stable, for programs; docs/reference/operating.md lists all; empty from a proxy.
    detail: what is wrong and what to do. request_id: finds the request in the service's log; empty from a proxy.
    """

    def __init__(self, status: int, code: str, detail: str, request_id: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.request_id = status, code, detail, request_id


class Invalid(Refused):
    """4xx: the request is at fault."""


class Denied(Invalid):
    """401 or 403: the key lacks the role, or there is none."""


class Failed(Refused):
    """5xx: the service is at fault."""


class Unavailable(Refused):
    """503: no slot was free, or the service is stopping."""


class TooLate(Refused):
    """504: the deadline passed."""


def kind_of(status: int) -> type[Refused]:
    """The class of errors of a status."""
    known: dict[int, type[Refused]] = {401: Denied, 403: Denied, 503: Unavailable, 504: TooLate}
    return known.get(status, Invalid if status < 500 else Failed)
