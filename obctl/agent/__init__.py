"""The agents as commands: their settings, the life of the process, and what it prints."""
