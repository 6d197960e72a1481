"""The commands: the only room that talks to a terminal."""
