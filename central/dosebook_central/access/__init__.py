"""Who may enter and what they may do: people, passwords, roles and rights."""
