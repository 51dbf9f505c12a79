"""Derived doses, computed beside ingest: work list, engine, background worker, recomputation."""
