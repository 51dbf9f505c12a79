"""The conversation with one instrument: asked in time, watched, taken up again."""
