"""Bundled plugins, one folder each; a plugin imports runtime.plugin only."""
