"""The reading net: its data recipe, training, conversion, evaluation, and the model file itself."""
