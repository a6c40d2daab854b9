"""What reads the monitoring views: rows for people, metrics for Prometheus."""
