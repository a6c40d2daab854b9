-- Write the trigger functions anew where there are some, in the transaction that replaces
-- and drops what they call: writers go on with what is there.

select wedsync_realtime.compile_channel(c)
from wedsync_realtime.channels as c
where exists (
    select
    from pg_proc as p
    where
        p.pronamespace = 'wedsync_realtime'::regnamespace
        and p.proname = wedsync_realtime.dispatch_name(c.name, 'INSERT')
)
and wedsync_realtime.channel_table(c) is not null;
