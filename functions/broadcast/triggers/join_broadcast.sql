-- Let holders of leases join, where Supabase Realtime exists by now; after the tables, because who
-- sends a message waits while this is not committed.

select wedsync_realtime.admit_joiners();
