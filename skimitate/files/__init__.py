"""Files of others: how much of one is read, and how one is refused."""
