"""Malformed requests, each with its allowed statuses."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.pictures import encoded, quarters

CLOSED = 0
"""No answer, and the connection closed."""
OK, BAD, SLOW, TOO_LARGE, UNKNOWN, NO_IMAGE = 200, 400, 408, 413, 415, 422

HOST = b"Host: localhost"
PNG = b"Content-Type: image/png"
CHUNKED = b"Transfer-Encoding: chunked"


@dataclass(frozen=True)
class Malformed:
    name: str
    data: bytes
    statuses: frozenset[int]


def request(first: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    """A request of exactly these lines, but for one that ends the connection with the answer."""
    return b"\r\n".join((first, *headers, b"Connection: close", b"", body))


def post(*headers: bytes, body: bytes, path: bytes = b"/segment") -> bytes:
    return request(b"POST " + path + b" HTTP/1.1", HOST, *headers, body=body)


def get(path: bytes, *headers: bytes) -> bytes:
    return request(b"GET " + path + b" HTTP/1.1", HOST, *headers)


def length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


def part(body: bytes, named: bytes = b'name="image"; filename="a.png"', *headers: bytes) -> bytes:
    return b"\r\n".join((b"--x", b"Content-Disposition: form-data; " + named, *headers, b"", body, b""))


def forms() -> Iterator[Malformed]:
    """Bodies of which some are forms with a boundary of x."""
    image = encoded(quarters())
    whole, end, text = part(image), b"--x--\r\n", part(b"words", b'name="text"')
    for name, body, *statuses in (
        ("nothing", b"", NO_IMAGE),
        ("nothing but its end", end, NO_IMAGE),
        ("no end", whole, BAD),
        ("cut in its image", whole[:-50], BAD),
        ("cut in a header", whole[:20], BAD),
        ("no image", text + end, NO_IMAGE),
        ("two images", whole + whole + end, BAD),
        ("an image that is text", part(b"x", b'name="image"') + end, UNKNOWN),
        ("an option", part(b"x", b'name="model"') + whole + end, NO_IMAGE),
        ("8 texts", text * 8 + whole + end, OK),
        ("10,000 texts", text * 10_000 + whole + end, BAD),
        ("a text of 1 MB", part(bytes(10**6), b'name="a"') + whole + end, OK),
        ("a name of 1 MB", part(image, b'name="' + b"a" * 10**6 + b'"; filename="a"') + end, BAD),
        ("no name", part(image, b'filename="a"') + end, BAD),
        ("no disposition", b"--x\r\n\r\nx\r\n" + end, BAD),
        ("10,000 headers", part(image, b'name="image"', *[b"A: b"] * 10_000) + end, BAD),
        ("a header without a colon", b"--x\r\nwords\r\n\r\nx\r\n" + end, BAD),
        ("lines without returns", (whole + end).replace(b"\r\n", b"\n"), BAD),
        ("a zero in the name", part(image, b'name="image\0"; filename="a"') + end, NO_IMAGE, BAD),
        ("a path for a file name", part(image, b'name="image"; filename="../../etc/passwd"') + end, OK),
        ("bytes for a file name", part(image, b'name="image"; filename="\xff\xfe"') + end, OK, BAD),
        ("a file name in nonsense", part(image, b"name=\"image\"; filename*=no''%ff") + end, OK, BAD, NO_IMAGE),
        ("a page for an image", part(image, b'name="image"; filename="a"', b"Content-Type: text/html") + end, OK),
        ("a form for an image", part(whole) + end, UNKNOWN, BAD),
        ("3 MB of almost boundaries", part(b"\r\n--y" * 600_000) + end, UNKNOWN),
        ("3 MB behind its end", whole + end + b"\r\n--x" * 600_000, OK, BAD),
    ):
        data = post(b"Content-Type: multipart/form-data; boundary=x", length(body), body=body)
        yield Malformed(name, data, frozenset(statuses))


def types() -> Iterator[Malformed]:
    """A right form under types that are not."""
    body = part(encoded(quarters())) + b"--x--\r\n"
    for type_, *statuses in (
        (b"multipart/form-data", BAD),
        (b"multipart/form-data; boundary=", BAD),
        (b"multipart/form-data; boundary=y", BAD),
        (b'multipart/form-data; boundary="x"', OK),
        (b'multipart/form-data; boundary="x', BAD, OK),
        (b"multipart/form-data; boundary=" + b"x" * 50_000, BAD),
        (b"multipart/form-data; boundary=\xff\xfe", BAD),
        (b"multipart/form-data; boundary=x; boundary=y", BAD, OK),
        (b"multipart/form-data; boundary=x; charset=nonsense", BAD, OK),
        (b"multipart/mixed; boundary=x", UNKNOWN),
        (b"application/x-www-form-urlencoded", UNKNOWN),
        (b"application/json", UNKNOWN),
        (b"image/png", UNKNOWN),
        (b"\xff/;;=;", UNKNOWN),
        (b"", UNKNOWN),
    ):
        data = post(b"Content-Type: " + type_, length(body), body=body)
        yield Malformed(type_[:60].decode("latin-1"), data, frozenset(statuses))


def bodies() -> Iterator[Malformed]:
    image = encoded(quarters())
    size = length(image)
    one = b"%x\r\n" % len(image) + image + b"\r\n"
    smuggled = get(b"/models")

    def chunked(body: bytes, *headers: bytes) -> bytes:
        return post(PNG, CHUNKED, *headers, body=body)

    yield from named(
        {
            "no length": (post(PNG, body=b""), NO_IMAGE),
            "length twice": (post(PNG, size, size, body=image), OK, BAD),
            "two lengths": (post(PNG, size, b"Content-Length: 1", body=image), BAD),
            "two lengths in one": (post(PNG, size + b", 1", body=image), BAD),
            "length below zero": (post(PNG, b"Content-Length: -1", body=image), BAD),
            "length with a sign": (post(PNG, b"Content-Length: +9", body=image), BAD),
            "length in hexadecimals": (post(PNG, b"Content-Length: 0x10", body=image), BAD),
            "length in other digits": (post(PNG, "Content-Length: ²".encode("latin-1"), body=image), BAD),
            "length of 100 digits": (post(PNG, b"Content-Length: " + b"9" * 100, body=image), BAD, SLOW, TOO_LARGE),
            "length too long by one": (post(PNG, length(image + b"x"), body=image), SLOW),
            "length too short": (post(PNG, length(image[:-100]), body=image), NO_IMAGE),
            "length of nothing": (post(PNG, b"Content-Length: 0", body=image), NO_IMAGE),
            "chunks": (chunked(one + b"0\r\n\r\n"), OK),
            "chunks with extensions": (chunked(one.replace(b"\r\n", b";a=b\r\n", 1) + b"0\r\n\r\n"), OK),
            "chunks with trailers": (chunked(one + b"0\r\nContent-Length: 1\r\n\r\n"), OK, BAD),
            "chunks and a length": (chunked(one + b"0\r\n\r\n", b"Content-Length: 4"), OK, BAD),
            "a request behind chunks": (chunked(one + b"0\r\n\r\n" + smuggled, b"Content-Length: 4"), OK, BAD),
            "a request behind a body": (post(PNG, size, body=image + smuggled), OK),
            "chunks of a negative size": (chunked(b"-1\r\n" + image), BAD),
            "chunks of no size": (chunked(b"\r\n" + image), BAD),
            "chunks of words": (chunked(b"words\r\n" + image), BAD),
            "chunks of a huge size": (chunked(b"f" * 15 + b"\r\n" + image), SLOW),
            "chunks of a size of 100 digits": (chunked(b"f" * 100 + b"\r\n" + image), BAD),
            "a chunk longer than it says": (chunked(b"5\r\n" + image), BAD),
            "chunks without returns": (chunked(one.replace(b"\r\n", b"\n") + b"0\n\n"), BAD, SLOW),
            "10,000 chunks of a byte": (chunked(b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n"), UNKNOWN),
            "chunks, twice": (chunked(one, CHUNKED), BAD, 501, SLOW),
            "chunks, compressed": (post(PNG, b"Transfer-Encoding: gzip, chunked", body=one), BAD, 501),
            "another transfer": (post(PNG, b"Transfer-Encoding: identity", body=image), BAD, 501),
            "compressed": (post(PNG, size, b"Content-Encoding: gzip", body=image), UNKNOWN),
            "a promise to go on": (post(PNG, size, b"Expect: 100-continue", body=image), 100, OK),
            "another promise": (post(PNG, size, b"Expect: nonsense", body=image), OK, 417),
            "a body to GET": (request(b"GET /models HTTP/1.1", HOST, size, body=image), OK),
        }
    )


def heads() -> Iterator[Malformed]:
    line = b"GET /health/live HTTP/1.1"
    yield from named(
        {
            "nothing but ends of lines": (b"\r\n\r\n\r\n\r\n", BAD, SLOW, CLOSED),
            "noise": (bytes(range(256)), BAD, SLOW),
            "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), BAD, SLOW),
            "HTTP/0.9": (b"GET /health/live\r\n\r\n", BAD),
            "HTTP/1.0": (request(b"GET /health/live HTTP/1.0", HOST), OK),
            "HTTP/1.0 without a host": (request(b"GET /health/live HTTP/1.0"), OK),
            "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD, 404),
            "HTTP/9.9": (request(b"GET /health/live HTTP/9.9", HOST), OK, BAD, 505),
            "no version": (request(b"GET /health/live HTTP", HOST), BAD),
            "two blanks": (request(b"GET  /health/live HTTP/1.1", HOST), BAD),
            "no host": (request(line), BAD),
            "two hosts": (request(line, HOST, b"Host: example.org"), BAD),
            "empty host": (request(line, b"Host:"), BAD, OK, 421),
            "host of another": (request(line, b"Host: evil.example"), 421),
            "invalid host": (request(line, b"Host: a b@c/d"), BAD, 421),
            "origin that is null": (post(b"Origin: null", length(b""), body=b""), 403),
            "zero in a header": (request(line, HOST, b"A: b\0c"), BAD),
            "return in a header": (request(line, HOST, b"A: b\rc"), BAD),
            "folded header": (request(line, HOST, b"A: b\r\n c"), OK, BAD),
            "folded first header": (request(line, b" A: b", HOST), BAD),
            "blank before the colon": (request(line, HOST, b"A : b"), BAD),
            "no name": (request(line, HOST, b": b"), BAD),
            "no colon": (request(line, HOST, b"words"), BAD),
            "bytes in a name": (request(line, HOST, b"\xff: b"), BAD),
            "lines without returns": (request(line, HOST).replace(b"\r\n", b"\n"), OK, BAD),
            "header of 1 MB": (request(line, HOST, b"A: " + b"b" * 10**6), BAD, 431, CLOSED),
            "100,000 headers": (request(line, HOST, *[b"A: b"] * 100_000), BAD, 431, CLOSED),
            "bytes for a key": (get(b"/models", b"Authorization: Bearer \xff\xfe"), OK),
            "Accept of nonsense": (post(b"Accept: ;;q=x,/", length(b""), body=b""), 406),
            "Accept of 50 kB": (post(b"Accept: " + b"a/b;q=0.1," * 5000, length(b""), body=b""), 406),
            "Accept without end": (post(b'Accept: a/b;c="' + b'"\\' * 5000, length(b""), body=b""), 406),
            "deadline of 5,000 digits": (post(b"X-Deadline-Ms: " + b"9" * 5000, length(b""), body=b""), 422),
            "deadline below zero": (post(b"X-Deadline-Ms: -5", length(b""), body=b""), 422),
            "request id of lines": (get(b"/health/live", b"X-Request-Id: a\x0bSet-Cookie: b"), OK, BAD),
            "range": (get(b"/web/page.js", b"Range: bytes=" + b"0-," * 1000 + b"-1"), OK, 206, BAD, 416),
            "upgrade": (get(b"/health/live", b"Upgrade: websocket", b"Sec-WebSocket-Key: x"), OK, BAD, 426),
            "upgrade to HTTP/2": (get(b"/health/live", b"Upgrade: h2c", b"HTTP2-Settings: AA"), OK, BAD),
        }
    )


def paths() -> Iterator[Malformed]:
    wrong = (404, 405, BAD)
    yield from named({
        "absolute": (get(b"http://localhost/health/live"), OK, 404),
        "absolute, of another": (get(b"http://evil.example/health/live"), OK, 404, 421),
        "of a proxy": (request(b"CONNECT evil.example:80 HTTP/1.1", HOST), *wrong),
        "star": (request(b"OPTIONS * HTTP/1.1", HOST), *wrong),
        "no slash": (get(b"health/live"), *wrong),
        "up": (get(b"/../../../etc/passwd"), *wrong),
        "up from the page": (get(b"/web/../../pyproject.toml"), *wrong),
        "up, encoded": (get(b"/web/%2e%2e/%2e%2e/pyproject.toml"), *wrong),
        "up, encoded twice": (get(b"/web/%252e%252e/pyproject.toml"), *wrong),
        "up, by slashes": (get(b"/web/..%2f..%2fpyproject.toml"), *wrong),
        "up, backwards": (get(b"/web/..%5c..%5cpyproject.toml"), *wrong),
        "two slashes": (get(b"/web//etc/passwd"), *wrong),
        "zero": (get(b"/web/page.js%00.png"), *wrong),
        "folder": (get(b"/web/"), *wrong),
        "bytes": (get(b"/\xff\xfe"), *wrong),
        "bytes, encoded": (get(b"/models/%ff%fe%00"), *wrong),
        "long": (get(b"/" + b"a" * 60_000), *wrong),
        "name too long for a file": (get(b"/web/" + b"a" * 5_000), *wrong),
        "long name of a model": (get(b"/models/" + b"a" * 60_000), *wrong, 422),
        "10,000 parameters": (get(b"/models?" + b"a=b&" * 10_000), OK),
        "10,000 parts": (request(b"POST /segment?include=" + b"a," * 10_000 + b" HTTP/1.1", HOST, length(b"")), 422),
        "spacing of 50 kB": (
            request(b"POST /segment?pixel_spacing_mm=" + b"1" * 50_000 + b" HTTP/1.1", HOST, length(b"")), 422,
        ),
        "another method": (request(b"BREW /segment HTTP/1.1", HOST), 405),
        "method in small letters": (request(b"get /health/live HTTP/1.1", HOST), 405),
        "method of 50 kB": (request(b"A" * 50_000 + b" /health/live HTTP/1.1", HOST), 405, BAD),
        "method of bytes": (request(b"\xff\xfe / HTTP/1.1", HOST), BAD),
        "GET of the images": (get(b"/segment"), 405),
        "DELETE of a model": (request(b"DELETE /models/colours HTTP/1.1", HOST), 405),
        "TRACE": (request(b"TRACE / HTTP/1.1", HOST), 405),
    })  # fmt: skip


def named(table: dict[str, tuple[bytes, *tuple[int, ...]]]) -> Iterator[Malformed]:
    for name, (data, *statuses) in table.items():
        yield Malformed(name, data, frozenset(statuses))


KINDS = (forms, types, bodies, heads, paths)
