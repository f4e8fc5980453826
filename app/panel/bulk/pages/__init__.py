"""Screens of imports and operations."""
