"""Exports ask for the right to export the list whose rows they hold; what is made of it is its maker's own."""
