"""Drawing a profile of a screen: what the registry's page and the box's own page share of it."""
