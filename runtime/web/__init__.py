"""HTTP in, HTML or JSON out; no SQL, no rules."""
