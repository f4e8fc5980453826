"""The search index: what stands in it, how it is kept true, and how it is asked."""
