"""The dashboard, and a browser that looks at it."""
