"""The pure core of workflows: definition, state, commands in, events out. No database, no clock of its own."""
