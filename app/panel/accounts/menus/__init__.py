"""The menu as people arrange it: served from the configuration, edited in its draft."""
