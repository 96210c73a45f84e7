"""Episodes in Gymnasium environments."""
