"""Screens of orders that are no tables: the counter, the prints, and the doors for channels."""
