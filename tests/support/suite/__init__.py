"""The suite itself: the pgTAP collector, its progress, plpgsql_check."""
