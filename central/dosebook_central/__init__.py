"""The registry: ingest, history, web."""
