"""What every panel and domain stands on. Knows nobody above it."""
