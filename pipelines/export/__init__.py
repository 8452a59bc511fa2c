"""A corpus as others read it."""
