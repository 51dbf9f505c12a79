"""What a profile says of one kind of instrument, and the kinds of text that say it."""
