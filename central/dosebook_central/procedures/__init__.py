"""The raw names of procedures in a registry: find them, decide on them, learn from that."""
