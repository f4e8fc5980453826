"""What goes out to platforms: previews, answers and notices."""
