"""Stock out of files: what product files say of it, and a list of its own."""
