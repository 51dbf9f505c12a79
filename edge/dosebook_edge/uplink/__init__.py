"""From the outbox to the registry: the only part of a box that speaks MQTT."""
