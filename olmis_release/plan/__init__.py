"""What will be done to an instance, why, and how it goes back."""
