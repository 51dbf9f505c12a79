"""Instruments: dosimeters and monitors, each described by a profile, read by five engines."""
