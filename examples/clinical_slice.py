"""Measures the tissues in one slice, in mm². Not a medical device: for research.

    python examples/clinical_slice.py slice.dcm
    python examples/clinical_slice.py slice.png 0.5,0.5

A DICOM file says how large its pixels are. Of a PNG or JPEG, give the size: millimetres from row to row, and from
column to column. SEGMENT is the address of the service, FCN_SERVE_KEY the key, MODEL the name of a model for scans.
"""

import os
import sys
from pathlib import Path

from service.client import Client, Refused

URL = os.environ.get("SEGMENT", "http://127.0.0.1:8000")


def main(image: Path, spacing: str | None) -> None:
    """Print the area of every tissue, and what is odd about the file."""
    model = os.environ.get("MODEL", "brain")
    try:
        with Client(URL, key=os.environ.get("FCN_SERVE_KEY")) as client:
            found = client.segment(image, include=("confidence",), model=model, pixel_spacing_mm=spacing)
    except Refused as error:
        sys.exit(error.detail)
    for area in found.classes[1:]:  # the first is the background
        if area.area_mm2 is None:
            sys.exit("The file does not say how large a pixel is; give the millimetres.")
        if area.confidence is not None:  # it has pixels
            print(f"{area.name}: {area.area_mm2:.1f} mm², confidence {area.confidence:.2f}")
    for warning in found.warnings:
        print(f"{warning.code}: {warning.detail}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
