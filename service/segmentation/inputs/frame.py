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

END = b"\xff\xd9"
PADDING = b"\xff\0" * 12
"""96 bits of 1, which are no Huffman code: enough for the decoder to read ahead, too few for a block of their own."""


class Frame:
    """Checks that the tables and scans of a JPEG are complete, from its segments in order.

    Where data are missing before an end marker, libjpeg fills the picture with grey and reports nothing. So the end
    marker of a sequential JPEG with one scan is replaced by padding: the decoder needs no marker after the last block,
    and fails if the data end before it. A JPEG of several scans needs its marker; its scans must announce every bit of
    every coefficient instead, and `scans.load` finds out whether the last of them is complete.
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
        """What the coded data must end with. Raises DamagedImage if scans are missing."""
        if any(self._unsent.values()):
            raise DamagedImage("The JPEG image is cut off: scans of it are missing; resend it.")
        return PADDING if self.scans == 1 else END

    def _define(self, tables: bytes) -> None:
        """Note the Huffman tables that a DHT segment defines: 0 to 3 for DC, 16 to 19 for AC coefficients."""
        at = 0
        while at + 17 <= len(tables):
            self._tables.add(tables[at])
            at += 17 + sum(tables[at + 1 : at + 17])

    def _add(self, scan: bytes) -> None:
        """Note which coefficients a scan header announces. Raises DamagedImage if one of its tables is missing.

        A file without any table uses those of the standard (Motion JPEG). The decoder would also use these in place of
        a lost table, and show another picture.
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
    """The error for a frame header of another kind, or for another segment whose marker was damaged into one."""
    if len(segment) < 6 or len(segment) != 6 + 3 * segment[5]:
        return DamagedImage("The JPEG image is damaged: its frame header cannot be read; save it again and resend.")
    name = _OTHER_FRAMES.get(kind, f"{segment[0]}-bit")
    image = "The image is JPEG-LS" if name == "JPEG-LS" else f"The image is a {name} JPEG".replace("a ar", "an ar")
    return UnsupportedFormat(
        f"{image}, which is not supported; convert it to an 8-bit baseline JPEG, or to a PNG, which keeps 16 bits."
    )
