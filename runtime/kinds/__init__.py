"""What things are, one file each; kinds get what they need through a context and import no service."""
