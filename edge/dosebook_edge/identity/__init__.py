"""Who a box is: its key, made here and never leaving, and its certificate from the registry."""
