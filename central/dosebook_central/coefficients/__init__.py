"""The registry's coefficient packages: adopt, add, switch, trust, compare."""
