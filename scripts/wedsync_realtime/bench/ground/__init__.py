"""Where it is measured: a throwaway PostgreSQL, people with leases, plain SQL beside."""
