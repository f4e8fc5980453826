"""A panel without a shop: a lending library. It proves that the panel knows no word of shops."""
