"""Pages of live sessions that are no tables: the run sheet, the preparation, papers, the public preview, the consoles."""

from app.shop.live.pages import announcing, consoles, preparing, sheets

__all__ = ["announcing", "consoles", "preparing", "sheets"]
