-- Send broadcasts, where Supabase Realtime exists by now.

select wedsync_realtime.attach_broadcast();
