"""The verbs of the orders domain."""
