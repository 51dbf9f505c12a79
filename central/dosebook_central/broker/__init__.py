"""The built-in MQTT broker, and the rights of boxes on it."""
