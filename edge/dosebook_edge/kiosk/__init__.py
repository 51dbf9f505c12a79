"""The box's own screen: a small local page for the person in the room."""
