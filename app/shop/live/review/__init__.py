"""What came of a session: its rows read, and the report that is made of them."""
