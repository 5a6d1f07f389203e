"""The command line: parse, call one inner function, show."""
