"""What went over the wire: heard, written as a transcript, and said again by a stand-in."""
