"""Pure rules of the registry: no I/O, no Flask, no SQL."""
