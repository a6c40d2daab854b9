"""The deployment: its transactions, what each of them does, and what came of it."""
