"""What box and registry agree on: wire messages, quantities, codes and DICOM dose readers."""
