"""What it takes until everybody has a change: pushed, polled, by Supabase."""
