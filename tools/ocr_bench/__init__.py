"""How well dose screens are read: this product's reader beside others, on the same pictures."""
