"""Layouts of files of logistics."""
