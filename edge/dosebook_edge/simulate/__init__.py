"""Simulated modalities: valid, varied, seeded dose objects sent over real DICOM associations.

Nothing here is shared with the readers (`dosebook_protocol.dicom`): what a
simulator writes and a reader reads must agree because both follow the standard, not because both
call one function.
"""
