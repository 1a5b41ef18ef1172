"""The functions of the formula language, one declaration each."""
