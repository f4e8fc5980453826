"""Screens of the accounts that are no tables."""
