"""From the bytes of an instrument to answers and notices, as its profile lays them out."""
