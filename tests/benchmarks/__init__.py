"""Speed figures: ratios in one run against a hand-written application. Never part of the tests."""
