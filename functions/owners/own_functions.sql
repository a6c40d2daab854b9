-- Hand the definer functions to the role whose privileges they are to have.

select wedsync_realtime.own_functions();
