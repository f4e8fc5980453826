"""The rights check: every route of the URL map, called by everybody, on rows of his own and of others, on a scratch instance."""
