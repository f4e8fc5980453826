"""Measurements. Each prints what it has measured; none of them is a test."""
