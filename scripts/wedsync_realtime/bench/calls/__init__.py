"""What calls, views and jobs take."""
