"""The profiles that a box has: read, held to their rules, and proved against bytes."""
