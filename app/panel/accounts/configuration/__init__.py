"""The configuration as one document: drafted, published, confirmed, rolled back, exported and imported."""
