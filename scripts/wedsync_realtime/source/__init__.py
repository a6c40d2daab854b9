"""The SQL files: which there are, what they hold, what is pending, what undoes them."""
