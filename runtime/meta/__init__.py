"""The documents of a company: read, checked, compared, and made into an immutable model."""
