"""Tables, migrations and queries: the only folder that knows SQL."""
