"""The workspace's own commands, behind the Makefile."""
