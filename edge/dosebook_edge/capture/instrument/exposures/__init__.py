"""From what an instrument said to exposures; no thread, no database, no clock."""
