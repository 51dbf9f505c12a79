"""The box: capture, outbox, uplink."""
