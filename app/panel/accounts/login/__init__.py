"""Coming in: passwords, riddles, second steps, browsers and the sessions that they open."""
