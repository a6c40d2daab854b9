"""What the database knows of its deployments, and every object of the package as text."""
