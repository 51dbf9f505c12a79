"""What tests share: waiting, ports, and the real servers that stand beside the product."""
