"""The visual editor: drafts, designers, publish (its own work is still to come)."""
