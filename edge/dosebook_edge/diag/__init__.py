"""Looking at a box from outside its process: status, checks, collections for support."""
