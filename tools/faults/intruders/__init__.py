"""Intruders: strangers, thieves and rogue boxes, while an honest box goes on with its work."""

from tools.faults.intruders.run import intruders

__all__ = ["intruders"]
