"""DICOM instances (ISO 12052, dicomstandard.org) -> a slice or a volume. Needs pydicom and imagecodecs."""
