"""PostgreSQL: the throwaway cluster, databases with the package, what Supabase adds."""
