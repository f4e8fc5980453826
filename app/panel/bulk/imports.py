"""The one layout that the panel itself brings: any table, by a mapping."""

from app.panel.bulk import generic

__all__ = ["generic"]
