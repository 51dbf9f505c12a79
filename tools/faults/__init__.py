"""Faults and intruders against a whole site: `make faults`, and in small samples `make test`."""
