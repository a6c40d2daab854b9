"""The figures of `metrics()` in Prometheus' text format, and what collects and watches them."""
