"""A deployment in other forms: migrations of the Supabase CLI, and SQL to review."""
