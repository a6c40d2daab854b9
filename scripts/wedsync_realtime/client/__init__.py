"""The client for TypeScript, with the types of a database's channels."""
