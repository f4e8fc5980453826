"""Changes that give somebody more wait for a second person, where the instance asks for it."""
