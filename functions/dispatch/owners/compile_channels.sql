-- Write the trigger functions anew where there are some, in the transaction that replaces
-- what they call: writers go on with what is there.

select wedsync_realtime.compile_channel(c)
from wedsync_realtime.channels as c
where
    pg_current_xact_id_if_assigned() is not null  -- something is new
    and exists (
        select
        from pg_proc as p
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and p.proname = wedsync_realtime.dispatch_name(c.name, 'INSERT')
    )
    and wedsync_realtime.channel_table(c) is not null;
