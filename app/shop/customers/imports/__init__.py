"""File layouts of customers."""
