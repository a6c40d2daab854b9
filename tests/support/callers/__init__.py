"""Who acts: people by name, callers as through PostgREST, those who poll, drain and write."""
