"""Decodes a JPEG of several scans so that a cut within its last scan is noticed.

Such a JPEG is decoded only after its end marker, and what is missing before the marker is taken for zeros. Whether the
decoder is still inside a scan shows in what it does with padding: between scans it skips each byte at once, within one
it keeps bytes back until they make a block. (With restart markers it waits for the next of them, and nothing shows.)
"""

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from service.segmentation.errors import DamagedImage
from service.segmentation.inputs.frame import END, PADDING

_MORE = (b"\xff\0",) * 3
"""Padding, a byte at a time: a block may happen to end with one of them, but not with each."""


def load(image: JpegImageFile, file: bytes) -> None:
    """Load the pixels of an image that was opened from `file`, which ends with its end marker.

    Pillow's own `load` does the same, but does not tell how many bytes the decoder took. Raises DamagedImage where the
    last scan is cut off, and OSError as Pillow does.
    """
    ((codec, extents, _, arguments),) = image.tile
    image.load_prepare()
    decoder = Image._getdecoder(image.mode, codec, arguments, image.decoderconfig)  # noqa: SLF001
    try:
        decoder.setimage(image.im, extents)
        rest = file.removesuffix(END) + PADDING
        kept = []
        for more in (*_MORE, END):
            taken, error = decoder.decode(rest)
            if taken < 0:
                raise OSError(f"the decoder failed with {error}")
            kept.append(rest[taken:])
            rest = kept[-1] + more
        if any(kept):
            raise DamagedImage("The JPEG image is cut off; save it again and resend.")
        taken, error = decoder.decode(rest)
        if taken >= 0 or error < 0:
            raise OSError(f"the decoder failed with {error}")
    finally:
        decoder.cleanup()
    image.tile = []
