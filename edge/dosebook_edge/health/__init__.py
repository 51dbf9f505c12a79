"""What a box says about itself: to the registry each minute, to people in its status file."""
