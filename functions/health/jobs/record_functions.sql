-- Note how the functions look, once they are as they should be.

select wedsync_realtime.record_functions();
