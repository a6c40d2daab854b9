"""What the tests share: the throwaway cluster, the pgTAP collector, callers, the linter."""
