"""People beside their rights: the walls around their accounts, keys, what they see of others, how they leave."""
