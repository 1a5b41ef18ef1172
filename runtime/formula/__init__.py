"""The formula language: one parser, one checker, one intermediate form, several back ends."""
