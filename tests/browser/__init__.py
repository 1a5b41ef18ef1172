"""Browser tests: specs of Playwright against a running product."""
