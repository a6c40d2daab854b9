"""What a change costs its writer."""
