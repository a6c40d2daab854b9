-- Find the transaction of a channel's latest reset. Polls ask only where there was ever one, which
-- the sequence of their ids tells without a query.

create or replace function wedsync_realtime.last_reset(channel_id smallint)
    returns xid8
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select max(r.xid)
        from wedsync_realtime.resets as r
        where r.channel_id = last_reset.channel_id
    );
end
$$;

comment on function wedsync_realtime.last_reset(smallint) is
'Transaction of the latest reset of a channel; null without one.';
revoke execute on function wedsync_realtime.last_reset(smallint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.last_reset(smallint)
to wedsync_realtime_owner;
