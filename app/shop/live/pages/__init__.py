"""Screens of the live domain."""
