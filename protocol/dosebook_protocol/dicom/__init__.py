"""DICOM dose readers: pure functions from the bytes of one object to a `Reading`."""
