"""The frame of a JPEG (ITU-T T.81, annex B): its kind, and whether its tables and scans are all there."""

from service.segmentation.errors import DamagedImage, UnsupportedFormat

DHT, SOS = 0xC4, 0xDA
_PROGRESSIVE = 0xC2
FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
"""Frame headers of what is decoded: baseline, extended and progressive DCT with Huffman codes."""

_OTHER_FRAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xC9: "arithmetic-coded",
    0xCA: "arithmetic-coded",
    0xCB: "arithmetic-coded lossless",
    0xCD: "arithmetic-coded hierarchical",
    0xCE: "arithmetic-coded hierarchical",
    0xCF: "arithmetic-coded hierarchical",
    0xDE: "hierarchical",
    0xF7: "JPEG-LS",  # ITU-T T.87
}

_ALL = 2**64 - 1
"""Every coefficient of a block, one bit for each."""

_END = b"\xff\xd9"
_PADDING = b"\xff\0" * 12
"""96 bits of 1, which are no Huffman code: enough for the decoder to read ahead, too few for a block of their own."""


class Frame:
    """What the segments of a file say, noted in their order.

    libjpeg fills with grey what is missing before an end marker. So the only scan of a sequential JPEG is given padding
    in place of its marker: the decoder needs none after the last block, and reports the end of the data where blocks
    are missing. Where there are more scans it needs the marker; then they must have sent all bits of all coefficients.
    A file that is cut within its last scan is the whole picture at a lower quality.
    """

    def __init__(self) -> None:
        self.scans = 0
        self._progressive = False
        self._tables: set[int] = set()
        self._unsent: dict[int, int] = {}  # by component: the coefficients whose last bit has not come

    def note(self, kind: int, segment: bytes) -> None:
        """Note what a segment says. Raises UnsupportedFormat and DamagedImage."""
        if kind == DHT:
            self._define(segment)
        elif kind == SOS:
            self._add(segment)
        elif kind in _OTHER_FRAMES or (kind in FRAMES and segment[:1] != b"\x08"):
            raise _unsupported(kind, segment)
        elif kind in FRAMES:
            self._progressive = kind == _PROGRESSIVE
            self._unsent = dict.fromkeys(segment[6::3], _ALL)

    def end(self) -> bytes:
        """What the coded data must end with. Raises DamagedImage where scans are missing."""
        if any(self._unsent.values()):
            raise DamagedImage("The JPEG image is cut off: scans of it are missing; resend it.")
        return _PADDING if self.scans == 1 else _END

    def _define(self, tables: bytes) -> None:
        """Note the Huffman tables of a DHT segment, 0 to 3 for DC and 16 to 19 for AC coefficients."""
        at = 0
        while at + 17 <= len(tables):
            self._tables.add(tables[at])
            at += 17 + sum(tables[at + 1 : at + 17])

    def _add(self, scan: bytes) -> None:
        """Note what a scan's header says that it sends. Raises DamagedImage where it has no table for that.

        A file without any table has those of the standard (Motion JPEG); the decoder would also take these in place of
        a table that is lost, and show another picture.
        """
        self.scans += 1
        if len(scan) < 4 or len(scan) != 4 + 2 * scan[0]:
            return
        first, last, bits = scan[-3:] if self._progressive else (0, 63, 0)
        sent = (2 << last) - (1 << first) if bits & 15 == 0 else 0
        for component, tables in zip(scan[1:-3:2], scan[2:-3:2], strict=True):
            self._unsent[component] = self._unsent.get(component, _ALL) & ~sent
            dc = {tables >> 4} if first == 0 and bits >> 4 == 0 else set()
            ac = {16 | tables & 15} if last > 0 else set()
            if self._tables and not dc | ac <= self._tables:
                raise DamagedImage(
                    "The JPEG image is damaged: a table that it needs is missing; save it again and resend."
                )


def _unsupported(kind: int, segment: bytes) -> DamagedImage | UnsupportedFormat:
    """The error for a frame header of another kind. Without the length of one it is a damaged marker."""
    if len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:
        return DamagedImage("The JPEG image is damaged: its frame header cannot be read; save it again and resend.")
    name = _OTHER_FRAMES.get(kind, f"{segment[0]}-bit")
    image = "The image is JPEG-LS" if name == "JPEG-LS" else f"The image is a {name} JPEG".replace("a ar", "an ar")
    return UnsupportedFormat(
        f"{image}, which is not supported; convert it to an 8-bit baseline JPEG, or to a PNG, which keeps 16 bits."
    )
