"""Rules on doses: of one exam, and of one patient over a period. They inform; they never block."""
