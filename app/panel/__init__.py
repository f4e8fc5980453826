"""The panel: a generic low-code admin that knows no word of shops."""
