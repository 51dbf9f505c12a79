"""Doses of files without a registry: read, reconcile and derive in memory, store nothing."""
