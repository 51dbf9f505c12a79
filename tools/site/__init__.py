"""A whole site on one machine: registry and boxes as real processes, enrolled as in the field."""
