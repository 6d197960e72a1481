"""What an instance is and how it is reached."""
