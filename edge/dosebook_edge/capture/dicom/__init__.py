"""Capture over DICOM: C-STORE, Storage Commitment and MPPS from modalities and archives."""
