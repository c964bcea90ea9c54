"""The parts of the view, one to a file."""
