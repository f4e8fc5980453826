"""The feed of a session: what a platform tells goes into a stream of Valkey at once, from there into SQL, and to the screens."""
