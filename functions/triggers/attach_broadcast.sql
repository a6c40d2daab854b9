-- Send broadcasts and let holders of leases join, where Supabase Realtime exists by now.

select wedsync_realtime.attach_broadcast();
