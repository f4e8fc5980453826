"""The shop in the hands of the peers: the same rows, each admin as its own documentation writes it."""
